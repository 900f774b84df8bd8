/** L8: what is tried again, what is final, `Retry-After`, and renewed credentials. */
import assert from "node:assert/strict";
import {
  type Client,
  ConnectionClosureError,
  type CredentialRequest,
  InvalidHandshakeError,
} from "../../../entries/client.ts";
import { accepting, closing, dropping, echoing, refusing } from "../../kit/answers.ts";
import type { Answer, RawServer } from "../../kit/raw_server.ts";
import { failure, type Scene, type Subject, soon, wait } from "./subject.ts";

const RETRIED = [1001, 1005, 1012, 1013, 4408, 4429, 4503];
const FINAL = [1000, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 4400, 4403, 4404, 4409];
const RETRIED_STATUSES = [408, 425, 429, 500, 502, 503, 504];
const FINAL_STATUSES = [400, 401, 403, 404, 410, 426];

/** Lasts for a moment, so that the client is open before it is over. */
function brief(code: number): Answer {
  return accepting(async (attempt) => {
    attempt.onMessage = () => void attempt.send.close(code === 1005 ? undefined : code, code === 1005 ? "" : "why");
  });
}

/** Opens, asks for the end, and gives the client. */
async function ended(scene: Scene, server: RawServer): Promise<Client> {
  const client = await scene.connect(server, { retryConfig: soon });
  await client.writeTextMessage("end");
  return client;
}

export function causes(subject: Subject): void {
  subject.test("L8 G3 close codes that pass are followed by another attempt", async (scene) => {
    const one = async (answer: Answer, code: number): Promise<void> => {
      const server = await scene.serve([answer, echoing()]);
      const client = await ended(scene, server);
      const events = scene.watch(client);
      await events.until("open");
      const { cause } = events.reconnecting[0] ?? {};
      assert.ok(cause instanceof ConnectionClosureError);
      assert.equal(cause.statusCode, code);
      await client.writeTextMessage("again");
      assert.equal(await scene.within("an echo", client.readTextMessage()), "again", `${code}`);
    };
    const drop = (how: "fin" | "reset") =>
      accepting((attempt) => {
        attempt.onMessage = () => attempt[how]();
      });
    await Promise.all([
      ...RETRIED.map((code) => one(brief(code), code)),
      one(drop("fin"), 1006),
      one(drop("reset"), 1006),
    ]);
  });

  subject.gapTest("close1014", "L8 close code 1014 is followed by another attempt", async (scene) => {
    const server = await scene.serve([brief(1014), echoing()]);
    const client = await ended(scene, server);
    const events = scene.watch(client);
    await events.until("open");
    const { cause } = events.reconnecting[0] ?? {};
    assert.ok(cause instanceof ConnectionClosureError);
    assert.equal(cause.statusCode, 1014);
  });

  subject.test("L8 G3 other close codes are final, at once", async (scene) => {
    const one = async (code: number): Promise<RawServer> => {
      const server = await scene.serve([brief(code), echoing()]);
      const client = await ended(scene, server);
      assert.deepEqual(await scene.within(`the end after ${code}`, client.closed), { code, reason: "why" });
      const error = await failure(client.readTextMessage());
      assert.ok(error instanceof ConnectionClosureError);
      assert.equal(error.statusCode, code);
      return server;
    };
    const servers = await Promise.all(FINAL.map(one));
    await wait(100);
    for (const { attempts } of servers) assert.equal(attempts.length, 1);
  });

  subject.gapTest("refusals", "L8 G3 statuses that pass are followed by another attempt", async (scene) => {
    const one = async (status: number): Promise<void> => {
      const server = await scene.serve([refusing(status), refusing(status), echoing()]);
      const causes: Error[] = [];
      const note = (cause: Error): undefined => void causes.push(cause);
      await scene.connect(server, { retryConfig: { ...soon, retryOn: note } });
      assert.equal(server.attempts.length, 3);
      for (const cause of causes) assert.ok(cause instanceof InvalidHandshakeError && cause.status === status);
    };
    await Promise.all(RETRIED_STATUSES.map(one));
  });

  subject.gapTest(
    "refusals",
    "L8 G3 other statuses are final, at once, also after a connection was lost",
    async (scene) => {
      const first = async (status: number): Promise<RawServer> => {
        const server = await scene.serve([refusing(status), echoing()]);
        const error = await failure(scene.connect(server, { retryConfig: soon }));
        assert.ok(error instanceof InvalidHandshakeError && error.status === status);
        return server;
      };
      const later = async (status: number): Promise<void> => {
        const server = await scene.serve([dropping("fin"), refusing(status), echoing()]);
        const client = await scene.connect(server, { retryConfig: soon });
        assert.equal((await scene.within("the end", client.closed)).code, 1006);
        assert.equal(server.attempts.length, 2);
      };
      const servers = await Promise.all(FINAL_STATUSES.map(first));
      await Promise.all(FINAL_STATUSES.map(later));
      for (const { attempts } of servers) assert.equal(attempts.length, 1);
    },
  );

  if (subject.transport === "platform") {
    subject.test("L8 where refusals are hidden, the first failure is final, later ones are not", async (scene) => {
      const server = await scene.serve([refusing(503), dropping("fin"), refusing(503), refusing(503), echoing()]);
      await failure(scene.connect(server, { retryConfig: soon }));
      // A platform may ask twice for one attempt.
      const first = server.attempts.length;
      if (first > 1) return;
      const client = await scene.connect(server, { retryConfig: soon });
      await server.attempt(5);
      await client.writeTextMessage("hello");
      assert.equal(await scene.within("an echo", client.readTextMessage()), "hello");
    });
  }

  subject.gapTest("refusals", "L8 G4 Retry-After is obeyed, in seconds and as a date", async (scene) => {
    const gapOf = async (value: string): Promise<number> => {
      const server = await scene.serve([refusing(503, { "Retry-After": value }), echoing()]);
      await scene.connect(server, { retryConfig: soon });
      const [first, second] = server.attempts;
      return (second?.at ?? 0) - (first?.at ?? 0);
    };
    const date = new Date(Date.now() + 2000).toUTCString();
    const [seconds, dated, past] = await Promise.all([gapOf("1"), gapOf(date), gapOf("Thu, 01 Jan 1970 00:00:00 GMT")]);
    assert.ok(seconds >= 980 && seconds < 4000, `${seconds} ms after Retry-After: 1`);
    assert.ok(dated >= 800 && dated < 5000, `${dated} ms after a date within 2 s`);
    assert.ok(past < 3000, `${past} ms after a date that is past`);
  });

  subject.gapTest(
    "refusals",
    "L8 G4 Retry-After is capped at five minutes, and a broken one is ignored",
    async (scene) => {
      const waitAfter = async (value: string): Promise<number> => {
        const server = await scene.serve([brief(1012), refusing(503, { "Retry-After": value }), echoing()]);
        const client = await ended(scene, server);
        const events = scene.watch(client);
        await events.until("reconnecting 2");
        return events.reconnecting[1]?.wait ?? 0;
      };
      const [day, broken] = await Promise.all([waitAfter("86400"), waitAfter("soon")]);
      // Spread upwards by a quarter, lest all that were told the same come back at once.
      assert.ok(day >= 300 && day <= 375, `${day} s after a day`);
      assert.ok(broken <= 0.05, `${broken} s after what is no time`);
    },
  );

  subject.gapTest("refusals", "L8 G5 401 renews the credential once, then it is final", async (scene) => {
    const provider = counting();
    const config = { auth: provider.auth, retryConfig: soon, ...provider.carrier };
    const good = await scene.serve([refusing(401), echoing()]);
    await scene.connect(good, config);
    assert.deepEqual(provider.calls, [false, true]);
    assert.deepEqual(tokens(good), ["/?t=t1", "/?t=t2"]);

    const bad = await scene.serve(refusing(401));
    const error = await failure(scene.connect(bad, config));
    assert.ok(error instanceof InvalidHandshakeError && error.status === 401);
    assert.deepEqual(provider.calls, [false, true, false, true]);
    assert.equal(bad.attempts.length, 2);

    const fixed = await scene.serve(refusing(401));
    await failure(scene.connect(fixed, { auth: { token: "t" }, credentials: { query: "t" }, retryConfig: soon }));
    assert.equal(fixed.attempts.length, 1);
  });

  subject.test("L8 G5 4401 renews the credential once, then it is final", async (scene) => {
    const provider = counting();
    const server = await scene.serve(closing(4401, "expired"));
    const client = await scene.connect(server, { auth: provider.auth, retryConfig: soon, ...provider.carrier });
    assert.deepEqual(await scene.within("the end", client.closed), { code: 4401, reason: "expired" });
    assert.deepEqual(provider.calls, [false, true]);
    assert.equal(server.attempts.length, 2);
  });

  subject.test(
    "L8 G5 the credential is asked for every attempt, and one that never comes is given up",
    async (scene) => {
      const provider = counting();
      const server = await scene.serve([closing(1012), closing(1012), echoing()]);
      await scene.connect(server, { auth: provider.auth, retryConfig: soon, ...provider.carrier });
      await server.attempt(3);
      assert.deepEqual(provider.calls, [false, false, false]);

      const signals: AbortSignal[] = [];
      let calls = 0;
      const auth = ({ signal }: CredentialRequest) => {
        signals.push(signal);
        calls += 1;
        return calls === 1 ? new Promise<never>(() => {}) : { token: "t" };
      };
      const second = await scene.serve(echoing());
      await scene.connect(second, { auth, credentials: { query: "t" }, handShakeTimeout: 0.3, retryConfig: soon });
      assert.equal(signals[0]?.aborted, true);
      // A slow machine may need more than one that has a credential; the first has none, and is not sent.
      assert.ok(second.attempts.length < calls, `${second.attempts.length} attempts for ${calls} credentials`);
    },
  );

  subject.test("L8 retryOn decides, and maxCount bounds the attempts", async (scene) => {
    const server = await scene.serve([brief(1008), echoing()]);
    const client = await scene.connect(server, { retryConfig: { ...soon, retryOn: () => true } });
    await client.writeTextMessage("end");
    await server.attempt(2);
    const other = await scene.serve([brief(1012), echoing()]);
    const final = await scene.connect(other, { retryConfig: { ...soon, retryOn: () => false } });
    await final.writeTextMessage("end");
    assert.equal((await scene.within("the end", final.closed)).code, 1012);

    const counted = await scene.serve(closing(1012));
    const tired = await scene.connect(counted, { retryConfig: { ...soon, maxCount: 3 } });
    assert.equal((await scene.within("the end", tired.closed)).code, 1012);
    assert.equal(counted.attempts.length, 4);
  });

  subject.test("L8 without retryConfig nothing is tried again", async (scene) => {
    const server = await scene.serve(closing(1012));
    const client = await scene.connect(server);
    await scene.within("the end", client.closed);
    await wait(30);
    assert.equal(server.attempts.length, 1);
  });
}

/** Gives "t1", "t2"… in the query, and notes whether each had to be a new one. */
function counting() {
  const calls: boolean[] = [];
  const auth = ({ renew }: CredentialRequest) => ({ token: `t${calls.push(renew)}` });
  return { calls, auth, carrier: { credentials: { query: "t" } } };
}

function tokens(server: RawServer): (string | undefined)[] {
  return server.attempts.map(({ request }) => request?.target);
}
