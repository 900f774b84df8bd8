/** R22 and R23, promises A6, A8, A12 and B1 to B17 as far as they concern the way of an upgrade: who may connect, and for how long. */
import assert from "node:assert/strict";
import { AuthError, type Authenticator, type CredentialSource, type Principal } from "../../../mod.ts";
import { type HandshakeOptions, request, toHandshake } from "../../kit/raw_client.ts";
import { gate, type Setup, type Subject, wait } from "./subject.ts";

const SECRET = "s3cret.T0ken-9f2c";
const NOBODY = { scopes: [], claims: {} };

/** Takes one token, and whatever its tests say besides. */
function bearer(more: Partial<Authenticator> & { principal?: Principal } = {}): Authenticator {
  const { principal = { subject: "ada", scopes: ["read"], claims: { n: 1 } }, ...rest } = more;
  return {
    scheme: "Bearer",
    authenticate: (credential) => Promise.resolve(credential === SECRET ? principal : undefined),
    ...rest,
  };
}

const basic: Authenticator = {
  scheme: "Basic",
  challenge: 'realm="users", charset="UTF-8"',
  authenticate: (credential) =>
    Promise.resolve(credential === "YWRhOmFkYQ==" ? { subject: "ada", ...NOBODY } : undefined),
};

type Row = readonly [
  what: string,
  authorization: string | readonly string[] | null,
  status: number,
  challenge?: RegExp,
];

// RFC 6750, section 3.1: an error is told of a token alone.
const plain = /^Bearer realm="websocket", Basic realm="users", charset="UTF-8"$/;

const rows: readonly Row[] = [
  ["no credential", null, 401, plain],
  ["a wrong token", "Bearer wrong", 401, /^Bearer realm="websocket", error="invalid_token", Basic realm/],
  ["another scheme", "Digest username=x", 401, plain],
  ["a token under Basic (CVE-2026-47673)", `Basic ${SECRET}`, 401, plain],
  ["a wrong user", "Basic eDp4", 401, plain],
  ["two spaces", `Bearer  ${SECRET}`, 400, /error="invalid_request"/],
  ["a tab", `Bearer\t${SECRET}`, 400],
  ["no token", "Bearer", 400],
  ["a list of two", `Bearer ${SECRET}, Bearer ${SECRET}`, 400],
  ["the header twice", [`Bearer ${SECRET}`, `Bearer ${SECRET}`], 400],
  ["quotes", `Bearer "${SECRET}"`, 400],
];

export function authentication(subject: Subject): void {
  const setup: Setup = { config: { auth: [bearer(), basic] } };

  for (const [what, authorization, status, challenge] of rows) {
    subject.test(`B1 ${what} is answered with ${status}, and the handler is not called`, async () => {
      await refused(subject, { headers: { Authorization: authorization } }, status, setup, ({ header }) => {
        if (challenge !== undefined) assert.match(header("www-authenticate") ?? "", challenge);
      });
    });
  }

  for (const authorization of [`Bearer ${SECRET}`, `bearer ${SECRET}`, `BEARER ${SECRET}`, "Basic YWRhOmFkYQ=="]) {
    subject.test(
      `B2 ${authorization.split(" ", 1)[0]} is known whatever its case, and the service is told who it is`,
      async () => {
        await subject.run(
          () =>
            ({ principal }) => ({ onOpen: (caller) => `${principal?.subject} ${caller.principal?.subject}` }),
          async ({ connect }) => {
            const client = await connect({ headers: { Authorization: authorization } });
            assert.equal(await client.message(), "ada ada");
          },
          setup,
        );
      },
    );
  }

  subject.test("B2 the first principal wins, and authenticators of another scheme are not asked", async () => {
    const asked: string[] = [];
    const ask = (name: string, scheme: "Basic" | "Bearer", finds: boolean): Authenticator => ({
      scheme,
      authenticate: () => {
        asked.push(name);
        return Promise.resolve(finds ? { subject: name, ...NOBODY } : undefined);
      },
    });
    const auth = [
      ask("a", "Bearer", false),
      ask("b", "Basic", true),
      ask("c", "Bearer", true),
      ask("d", "Bearer", true),
    ];
    await subject.run(
      () =>
        ({ principal }) => ({ onOpen: () => `${principal?.subject}` }),
      async ({ connect }) => {
        const client = await connect({ headers: { Authorization: "Bearer x" } });
        assert.equal(await client.message(), "c");
        assert.deepEqual(asked, ["a", "c"]);
      },
      { config: { auth } },
    );
  });

  subject.test(
    "R23 a principal without one of the scopes gets 403 insufficient_scope, with any one of them it passes",
    async () => {
      const headers = { Authorization: `Bearer ${SECRET}` };
      const wants = (...scopes: string[]): Setup => ({ config: { auth: [bearer({ scopes })] } });
      await refused(subject, { headers }, 403, wants("write", "admin"), ({ header }) => {
        assert.match(header("www-authenticate") ?? "", /error="insufficient_scope", scope="write admin"/);
      });
      await accepted(subject, { headers }, wants("write", "read"));
      const user = { headers: { Authorization: "Basic YWRhOmFkYQ==" } };
      const config = { auth: [bearer(), { ...basic, scopes: ["write"] }] };
      await refused(subject, user, 403, { config }, ({ header }) =>
        assert.match(header("www-authenticate") ?? "", plain),
      );
    },
  );

  const failures: readonly [string, () => unknown, number, RegExp | undefined, RegExp?][] = [
    ["throws an error", () => Promise.reject(new Error("broken")), 500, undefined, /authenticator failed/],
    ["is not ready", () => Promise.reject(new AuthError("Try later", { retryAfter: 7 })), 503, /^7$/, /Try later/],
    ["says 401", () => Promise.reject(new AuthError("No", { status: 401 })), 401, undefined],
    ["says 400", () => Promise.reject(new AuthError("No", { status: 400 })), 400, undefined],
    [
      "throws at once",
      () => {
        throw new Error("broken");
      },
      500,
      undefined,
      /authenticator failed/,
    ],
    ["gives something else", () => Promise.resolve({ name: "ada" }), 500, undefined, /authenticator failed/],
    ["gives null", () => Promise.resolve(null), 500, undefined, /authenticator failed/],
  ];
  for (const [what, answer, status, retryAfter, logs] of failures) {
    subject.test(`B11 an authenticator that ${what} ends the search with ${status}`, async () => {
      const broken: Authenticator = { scheme: "Bearer", authenticate: () => answer() as Promise<undefined> };
      const config = { auth: [broken, bearer()] };
      const headers = { Authorization: `Bearer ${SECRET}` };
      await refused(subject, { headers }, status, { config, ...(logs && { logs }) }, ({ header, body }) => {
        if (retryAfter !== undefined) assert.match(header("retry-after") ?? "", retryAfter);
        assert.ok(!/broken|Try later/.test(body));
      });
    });
  }

  const sources: readonly [string, readonly CredentialSource[], HandshakeOptions][] = [
    ["a cookie", [{ cookie: "session" }], { headers: { Cookie: `a=b; session=${SECRET}` } }],
    ["the query", [{ query: "access_token" }], { path: `/?access_token=${SECRET}` }],
    ["the subprotocol", [{ subProtocol: "bearer" }], { protocols: ["bearer", SECRET, "chat.v1"] }],
    ["the first source that has one", ["header", { query: "t" }], { path: `/?t=${SECRET}` }],
  ];
  for (const [what, credentials, send] of sources) {
    subject.test(`A6 a credential may come from ${what} where it is allowed, and is not echoed`, async () => {
      const config = { auth: [bearer()], credentials, subProtocols: ["chat.v1"] };
      await subject.run(
        () => () => ({ onOpen: (caller) => `${caller.negotiatedSubProtocol} ${caller.principal?.subject}` }),
        async ({ connect }) => {
          const client = await connect(send);
          const chosen = send.protocols === undefined ? undefined : "chat.v1";
          assert.equal(client.response.header("sec-websocket-protocol"), chosen);
          assert.equal(await client.message(), `${chosen} ada`);
          assert.ok(!client.response.headers.some(([, value]) => value.includes(SECRET)));
        },
        { config },
      );
    });
    subject.test(`A6 a credential from ${what} counts for nothing where it is not allowed`, async () => {
      await refused(subject, send, 401, { config: { auth: [bearer()], subProtocols: ["chat.v1"] } });
    });
  }

  subject.test("A6 a token that is also the name of a subprotocol is not echoed", async () => {
    const config = { auth: [bearer()], credentials: [{ subProtocol: "bearer" }], subProtocols: [SECRET, "bearer"] };
    await subject.run(
      () => () => ({ onOpen: () => "open" }),
      async ({ connect }) => {
        const client = await connect({ protocols: ["bearer", SECRET] });
        assert.equal(client.response.header("sec-websocket-protocol"), undefined);
      },
      { config },
    );
  });

  subject.test("R23 a source that is present decides, and one that cannot be read is 400", async () => {
    const config = { auth: [bearer()], credentials: ["header", { query: "t" }, { subProtocol: "bearer" }] as const };
    const both = { path: `/?t=${SECRET}`, headers: { Authorization: "Bearer wrong" } };
    await refused(subject, both, 401, { config });
    await refused(subject, { path: `/?t=${SECRET}&t=${SECRET}` }, 400, { config });
    await refused(subject, { protocols: ["bearer"] }, 400, { config });
  });

  subject.test(
    "B13 the connection is closed with 4401 when the principal expires, unless closeOnExpiry is off",
    async () => {
      const expiring = (): Authenticator => ({
        scheme: "Bearer",
        authenticate: () => Promise.resolve({ ...NOBODY, expiresAt: Date.now() / 1000 + 0.3 }),
      });
      const headers = { Authorization: "Bearer x" };
      await subject.serve(
        ({ journal }) => ({ onClose: (_caller, code, reason) => journal.add(`${code} ${reason}`) }),
        async ({ connect, journal }) => {
          const client = await connect({ headers });
          assert.deepEqual(await client.closed, { code: 4401, reason: "Token expired", end: "fin" });
          await journal.until("4401 Token expired");
        },
        { config: { auth: [expiring()] } },
      );
      await subject.serve(
        () => ({ onTextMessage: (_caller, text) => text }),
        async ({ connect }) => {
          const client = await connect({ headers });
          await wait(500);
          await client.send.text("still here");
          assert.equal(await client.message(), "still here");
        },
        { config: { auth: [expiring()], closeOnExpiry: false } },
      );
    },
  );

  subject.test(
    "B13 a principal that lasts 40 days does not expire at once, one that has expired is refused",
    async () => {
      const until = (expiresAt: number, clockSkew = 0): Setup => ({
        config: { auth: [bearer({ principal: { ...NOBODY, expiresAt }, clockSkew })] },
      });
      const headers = { Authorization: `Bearer ${SECRET}` };
      const now = Date.now() / 1000;
      await accepted(subject, { headers }, until(now + 40 * 86400));
      await refused(subject, { headers }, 401, until(now - 5));
      await accepted(subject, { headers }, until(now - 5, 60));
    },
  );

  subject.test("A8 authentication and handler together have upgradeTimeout, then 503", async () => {
    const slow: Authenticator = { scheme: "Bearer", authenticate: () => gate<undefined>().promise };
    const headers = { Authorization: `Bearer ${SECRET}` };
    const late: Setup = { config: { auth: [slow], upgradeTimeout: 0.1 }, logs: /upgradeTimeout/ };
    await refused(subject, { headers }, 503, late, ({ header }) => assert.match(header("retry-after") ?? "", /^\d+$/));
  });

  subject.test("A12 frames that come before authentication has ended are not handled before", async () => {
    const held = gate();
    const slow: Authenticator = { scheme: "Bearer", authenticate: () => held.promise.then(() => NOBODY) };
    await subject.run(
      ({ journal }) =>
        () => {
          journal.add("handler");
          return { onTextMessage: (_caller, text) => text };
        },
      async ({ connect, journal }) => {
        const opening = connect({ headers: { Authorization: "Bearer x" } });
        await wait(50);
        assert.deepEqual(journal.entries, []);
        held.resolve();
        const client = await opening;
        await client.send.text("later");
        assert.equal(await client.message(), "later");
      },
      { config: { auth: [slow] } },
    );
  });

  subject.test("B17 no credential is in a log line, an answer, an error or a close reason", async () => {
    const headers = { Authorization: `Bearer ${SECRET}`, Cookie: `session=${SECRET}` };
    const broken: Authenticator = { scheme: "Bearer", authenticate: () => Promise.reject(new AuthError("Try later")) };
    for (const auth of [
      [bearer({ scopes: ["admin"] })],
      [broken],
      [bearer({ principal: { ...NOBODY, expiresAt: 1 } })],
    ]) {
      await subject.run(
        () => () => ({}),
        async ({ listener, log }) => {
          const path = `/?access_token=${SECRET}`;
          const response = await request(listener.port, toHandshake(listener.port, { path, headers }));
          assert.ok(response.status >= 400);
          const told = [response.body, ...response.headers.flat(), ...log.entries].join("\n");
          assert.ok(!told.includes(SECRET), told);
        },
        { config: { auth }, logs: /Try later/ },
      );
    }
  });
}

async function refused(
  subject: Subject,
  send: HandshakeOptions,
  status: number,
  setup: Setup,
  check: (response: { header(name: string): string | undefined; body: string }) => void = () => {},
): Promise<void> {
  await subject.run(
    ({ journal }) =>
      () => {
        journal.add("handler");
        return {};
      },
    async ({ listener, journal }) => {
      const response = await request(listener.port, toHandshake(listener.port, send));
      assert.equal(response.status, status, response.body);
      check({ header: (name) => response.header(name), body: response.body });
      assert.deepEqual(journal.entries, []);
    },
    setup,
  );
}

async function accepted(subject: Subject, send: HandshakeOptions, setup: Setup): Promise<void> {
  await subject.run(
    () => () => ({ onTextMessage: (_caller, text) => text }),
    async ({ connect }) => {
      const client = await connect(send);
      await wait(30);
      await client.send.text("in");
      assert.equal(await client.message(), "in");
    },
    setup,
  );
}
