/** L11, G8, G9: close() and the signal are final in every state. */
import assert from "node:assert/strict";
import { type Client, ConnectionClosureError, type WebSocketError } from "../../../entries/client.ts";
import { accepting, closing, dropping, echoing, refusing, saysNothing, silentAfter } from "../../kit/answers.ts";
import { Child } from "../../kit/child.ts";
import { CLOSE } from "../../kit/raw_client.ts";
import type { Answer, Attempt, RawServer } from "../../kit/raw_server.ts";
import { failure, type Scene, type Subject, soon, wait } from "./subject.ts";

/** Accepts, and ends TCP at the first message. */
function droppingWhenTold(): Answer {
  return accepting((attempt) => {
    attempt.onMessage = () => attempt.fin();
  });
}

/** A client in some state, what ends it, and the server that must see no more of it. */
interface Reached {
  readonly client: Client;
  readonly server: RawServer;
}

/** The states of a client that has been open. */
const states: readonly [
  name: string,
  gap: string | undefined,
  reach: (scene: Scene, abort: AbortSignal) => Promise<Reached>,
][] = [
  [
    "open",
    undefined,
    async (scene, signal) => {
      const server = await scene.serve(echoing());
      return { server, client: await scene.connect(server, { signal, retryConfig: soon }) };
    },
  ],
  [
    "waiting to try again",
    undefined,
    async (scene, signal) => {
      const server = await scene.serve(droppingWhenTold());
      const client = await scene.connect(server, { signal, retryConfig: { interval: 0.1, jitter: 0 } });
      const events = scene.watch(client);
      await client.writeTextMessage("end");
      await events.until("state reconnecting");
      return { server, client };
    },
  ],
  [
    "reconnecting, the handshake being answered by nobody",
    "giveUp",
    async (scene, signal) => {
      const server = await scene.serve([dropping("fin"), saysNothing()]);
      const client = await scene.connect(server, { signal, retryConfig: soon });
      await (await server.attempt(2)).requested();
      return { server, client };
    },
  ],
  [
    "reconnecting, the credential being waited for",
    undefined,
    async (scene, signal) => {
      const server = await scene.serve(dropping("fin"));
      const asked = Promise.withResolvers<void>();
      let calls = 0;
      const auth = () => {
        calls += 1;
        if (calls === 1) return { token: "t" };
        asked.resolve();
        return new Promise<never>(() => {});
      };
      const client = await scene.connect(server, { signal, auth, credentials: { query: "t" }, retryConfig: soon });
      await scene.within("the credential", asked.promise);
      return { server, client };
    },
  ],
  [
    "running a hook",
    undefined,
    async (scene, signal) => {
      const server = await scene.serve([droppingWhenTold(), echoing()]);
      const client = await scene.connect(server, { signal, retryConfig: soon });
      const hooked = Promise.withResolvers<void>();
      client.onReconnect(() => {
        hooked.resolve();
        return new Promise(() => {});
      });
      await client.writeTextMessage("end");
      await scene.within("the hook", hooked.promise);
      return { server, client };
    },
  ],
  [
    "closing, the server not answering",
    "terminate",
    async (scene, signal) => {
      const server = await scene.serve(silentAfter());
      const client = await scene.connect(server, { signal, retryConfig: soon });
      const closing = client.close(1000, "", 0.6);
      closing.catch(() => {});
      await (await server.attempt(1)).receivedFrame(CLOSE);
      return { server, client };
    },
  ],
];

/** Nothing may come of a client that has ended: no event, no attempt, no socket. */
async function isOver(scene: Scene, { client, server }: Reached, end: () => void): Promise<void> {
  const events = scene.watch(client);
  const read = client.readTextMessage();
  read.catch(() => {});
  end();
  const closure = await scene.within("closed", client.closed);
  assert.equal(client.state, "closed");
  assert.equal(events.entries.at(-1), `close ${closure.code} ${closure.reason}`.trim());
  assert.ok((await failure(read)) instanceof ConnectionClosureError);
  const { length } = events.entries;
  const attempts = server.attempts.length;
  await server.until("no socket", () => server.open === 0, scene.patience);
  await wait(120);
  assert.equal(events.entries.length, length, events.entries.join(", "));
  assert.equal(server.attempts.length, attempts, server.describe());
  assert.equal(server.open, 0);
  assert.ok((await failure(client.writeTextMessage("late"))) instanceof ConnectionClosureError);
  await scene.within("close() once more", client.close(4000));
}

export function ending(subject: Subject): void {
  for (const [name, gap, reach] of states) {
    subject.gapTest(gap, `L11 G8 close() and the signal are final while ${name}`, async (scene) => {
      const byClose = async () => {
        const reached = await reach(scene, new AbortController().signal);
        await isOver(scene, reached, () => void reached.client.close(4001, "enough", 0.3));
      };
      const bySignal = async () => {
        const aborter = new AbortController();
        const reached = await reach(scene, aborter.signal);
        await isOver(scene, reached, () => aborter.abort());
      };
      await Promise.all([byClose(), bySignal()]);
    });
  }

  subject.test("L11 the signal ends connect() before there is a connection, and nothing follows", async (scene) => {
    const servers = [
      await scene.serve(saysNothing()),
      await scene.serve(refusing(503)),
      await scene.serve(echoing()),
    ] as const;
    const aborter = new AbortController();
    const { signal } = aborter;
    const hung = { auth: () => new Promise<never>(() => {}), credentials: { query: "t" } };
    // Not so soon that a slow machine has begun the next attempt before the signal.
    const later = { interval: 0.5, jitter: 0 };
    const connecting = [
      scene.connecting(servers[0], { signal, retryConfig: soon }),
      ...(scene.transport === "ws" ? [scene.connecting(servers[1], { signal, retryConfig: later })] : []),
      scene.connecting(servers[2], { signal, ...hung }),
    ];
    await (await servers[0].attempt(1)).requested();
    if (scene.transport === "ws") await (await servers[1].attempt(1)).ended();
    const reason = new Error("Not wanted any more");
    aborter.abort(reason);
    for (const promise of connecting) await assert.rejects(scene.within("connect", promise), reason);
    const count = () => [servers[1].attempts.length, servers[2].attempts.length];
    const attempts = count();
    await wait(600);
    assert.deepEqual(count(), attempts);
    await assert.rejects(scene.connect(servers[2], { signal }), reason);
    assert.equal(servers[2].attempts.length, 0);
  });

  subject.gapTest("giveUp", "L11 the signal ends the socket of a handshake that nobody answers", async (scene) => {
    const server = await scene.serve(saysNothing());
    const aborter = new AbortController();
    const connecting = scene.connecting(server, { signal: aborter.signal });
    await (await server.attempt(1)).requested();
    aborter.abort();
    await assert.rejects(connecting);
    await (await server.attempt(1)).ended();
    await wait(50);
    assert.equal(server.attempts.length, 1, server.describe());
  });

  subject.test("L11 close() hands over what waits to be written, then closes", async (scene) => {
    const server = await scene.serve(accepting());
    const client = await scene.connect(server);
    const attempt = await server.attempt(1);
    attempt.pause();
    const part = new Uint8Array(65_536);
    const writes = Array.from({ length: 100 }, () =>
      client.writeBinaryMessage(part).catch((error: WebSocketError) => error.code),
    );
    const closing = client.close();
    attempt.resume();
    const failed = (await scene.within("the writes", Promise.all(writes))).filter((code) => code !== undefined);
    await scene.within("close", closing);
    // Some are too many to wait; of those that wait none fails.
    assert.deepEqual(
      [...new Set(failed)].filter((code) => code !== "queue_full"),
      [],
    );
    assert.equal(attempt.messages.length + failed.length, 100);
    assert.ok(attempt.messages.length >= 16, `${attempt.messages.length} messages`);
    assert.equal((await attempt.ended()).code, 1000);
  });

  subject.test("L11 close() and the signal are final when a listener calls them, in any event", async (scene) => {
    const ends = async (on: string, how: "close" | "abort"): Promise<void> => {
      const server = await scene.serve([droppingWhenTold(), echoing()]);
      const aborter = new AbortController();
      const client = await scene.connect(server, { signal: aborter.signal, retryConfig: { ...soon, interval: 0.05 } });
      const events = scene.watch(client);
      const end = () => (how === "close" ? void client.close(4000, "", 0.2) : aborter.abort());
      client.addEventListener("statechange", () => {
        if (client.state === on) end();
      });
      await client.writeTextMessage("end");
      if (on === "closing") {
        await events.until("state open");
        void client.close(4000, "", 0.2);
      }
      await scene.within(`closed by ${how} while ${on}`, client.closed);
      await wait(120);
      const last = events.entries.slice(-2).map((entry) => entry.replace(/ [\d ]+$/, ""));
      assert.deepEqual(last, ["state closed", "close"], `${how} while ${on}: ${events.entries.join(", ")}`);
      await server.until("no socket", () => server.open === 0);
    };
    await Promise.all([
      ends("reconnecting", "close"),
      ends("reconnecting", "abort"),
      ends("open", "close"),
      ends("open", "abort"),
      ends("closing", "abort"),
    ]);
  });

  subject.test("L11 close() sends code and reason, waits for the answer, and the end bears them", async (scene) => {
    const server = await scene.serve(echoing());
    const client = await scene.connect(server);
    const events = scene.watch(client);
    await client.writeTextMessage("before");
    assert.equal(await scene.within("an echo", client.readTextMessage()), "before");
    const closing = client.close(4321, "done");
    assert.equal(client.state, "closing");
    await assert.rejects(client.writeTextMessage("after"));
    await scene.within("close", closing);
    assert.deepEqual(await client.closed, { code: 4321, reason: "done" });
    assert.deepEqual(events.entries, ["state closing", "state closed", "close 4321 done"]);
    const attempt = await server.attempt(1);
    assert.deepEqual(attempt.messages, ["before"]);
    assert.equal((await attempt.ended()).code, 4321);
    assert.equal(attempt.closeFrame?.reason, "done");
    for (const [code, reason] of [
      [1005, ""],
      [1006, ""],
      [999, ""],
      [5000, ""],
      [1000, "x".repeat(124)],
    ] as const) {
      const other = await scene.connect(server);
      await assert.rejects(async () => other.close(code, reason), RangeError, `${code}`);
      await other.close();
    }
    const last = await scene.connect(server);
    for (const timeout of [-5, -0.5, Number.NaN, Number.POSITIVE_INFINITY, "5", null]) {
      await assert.rejects(last.close(1000, "", timeout as number), RangeError, `${timeout}`);
      assert.equal(last.state, "open");
    }
    await scene.within("close", last.close(1000, "", -1));
  });

  subject.test("L11 a close that nobody answers ends after its timeout", async (scene) => {
    const server = await scene.serve(silentAfter());
    const client = await scene.connect(server);
    const started = performance.now();
    await scene.within("close", client.close(1000, "", 0.1));
    const took = performance.now() - started;
    assert.ok(took >= 95 && took < 5000, `${took} ms`);
    assert.equal(client.state, "closed");
  });

  subject.gapTest("terminate", "L11 a close that nobody answers ends its socket", async (scene) => {
    const server = await scene.serve(silentAfter());
    const client = await scene.connect(server);
    await scene.within("close", client.close(1000, "", 0.05));
    await (await server.attempt(1)).ended();
  });

  subject.gapTest("letGo", "L13 a server that closes and keeps the connection is left", async (scene) => {
    const server = await scene.serve(closing(4000, "kept", { answersFin: false }));
    const client = await scene.connect(server);
    // Bun's `ws` takes 10 seconds.
    const patience = scene.transport === "ws" ? 15_000 : scene.patience;
    const closure = await scene.within("the end", client.closed, patience);
    assert.deepEqual(closure, { code: 4000, reason: "kept" });
    await server.until("no socket", () => server.open === 0);
  });

  subject.test("L11 [Symbol.asyncDispose] closes with 1000", async (scene) => {
    const server = await scene.serve(echoing());
    const client = await scene.connect(server);
    await scene.within("the end", client[Symbol.asyncDispose]());
    assert.deepEqual(await client.closed, { code: 1000, reason: "" });
  });

  subject.test("G9 there is at most one live socket, and an old one is not listened to", async (scene) => {
    const late: Attempt[] = [];
    const server = await scene.serve([
      accepting((attempt) => {
        late.push(attempt);
      }),
      echoing(),
    ]);
    const proxy = await scene.proxy(server);
    const client = await scene.connect(proxy, { retryConfig: soon });
    const events = scene.watch(client);
    for (let round = 1; round <= 5; round++) {
      proxy.cutAll();
      await events.until("open", round);
      assert.equal(proxy.open, 1);
    }
    await client.writeTextMessage("only");
    assert.equal(await scene.within("an echo", client.readTextMessage()), "only");
    assert.equal(proxy.links.length, 6);
  });

  subject.test("L11 G8 the process ends by itself after each way to end a client", async (scene) => {
    await exits(scene, ["close", "abort", "waiting", "lost", "queued", "read", "final", "credential", "listener"]);
  });

  subject.test("L3 R12 what rejects and is not looked at does not end the process", async (scene) => {
    await exits(scene, ["unseen"]);
  });

  subject.test("L11 G8 the process ends by itself after a handshake was given up", async (scene) => {
    await exits(scene, ["silent", "reconnecting"]);
  });

  subject.gapTest("terminate", "L11 G8 the process ends by itself after a close that nobody answers", async (scene) => {
    await exits(scene, ["mute", "impatient"]);
  });
}

/** Runs ways to end a client in a process, which then has nothing left to do. */
async function exits(scene: Scene, ways: readonly string[]): Promise<void> {
  const server = await scene.serve(async (attempt) => {
    const { target } = await attempt.requested();
    const path = target.replace(/\?.*/, "");
    if (path === "/mute") return silentAfter()(attempt);
    if (path === "/drop") return dropping("fin")(attempt);
    if (path !== "/silent") return echoing()(attempt);
  });
  const child = new Child(new URL("ending_program.ts", import.meta.url), scene.transport, server.url, ...ways);
  try {
    for (const way of [...ways, "done"]) assert.equal(await child.line(), way);
    assert.equal(await child.ended(scene.patience), "exit 0");
  } finally {
    await child.stop();
  }
}
