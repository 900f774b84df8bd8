/** R22 and R23: in which order an upgrade is judged, and what the log says of a refusal. */
import assert from "node:assert/strict";
import { AuthError, type Authenticator, type Service, type StandardSchema, type UpgradeConfig } from "../../../mod.ts";
import { type HandshakeOptions, request, toHandshake } from "../../kit/raw_client.ts";
import { gate, type Journal, type Subject, wait } from "./subject.ts";

const FOREIGN = { Origin: "https://evil.example" };
const KNOWN = { Authorization: "Bearer known" };
const WRONG = { Authorization: "Bearer wr0ng" };

export function refusals(subject: Subject): void {
  order(subject);
  lines(subject);
}

/** What is wrong with a request in several ways, and which of them counts. */
type Case = readonly [what: string, send: HandshakeOptions, status: number, asked: readonly string[]];

const cases: readonly Case[] = [
  ["a form is judged before the origin", { headers: { ...FOREIGN, "Sec-WebSocket-Key": "short" } }, 400, []],
  ["an origin is judged before the subprotocol", { headers: FOREIGN, protocols: ["x"] }, 403, []],
  ["a subprotocol is judged before a credential that is wrong", { headers: WRONG, protocols: ["x"] }, 400, []],
  ["a subprotocol is judged before a credential that is known", { headers: KNOWN, protocols: ["x"] }, 400, []],
  ["a lack of subprotocols is judged before the credential", { headers: KNOWN }, 400, []],
  [
    "a list of subprotocols is judged before the credential",
    { headers: { ...KNOWN, "Sec-WebSocket-Protocol": "a, a" } },
    400,
    [],
  ],
  ["a credential is judged before the schemas", { headers: WRONG, protocols: ["a"] }, 401, ["authenticator"]],
  ["a lack of credentials is judged before the schemas", { protocols: ["a"] }, 401, []],
  [
    "a schema is judged before the handler",
    { headers: KNOWN, protocols: ["a"], path: "/?wrong" },
    400,
    ["authenticator", "schema"],
  ],
];

function order(subject: Subject): void {
  for (const [what, send, status, asked] of cases) {
    subject.test(`R22 ${what}: ${status}, and what comes after it does not begin`, async () => {
      await judge(subject, send, status, asked);
    });
  }

  subject.test("R22 what passes all of it reaches the handler last", async () => {
    await subject.run(
      () => () => ({}),
      async ({ listener, journal, connect }) => {
        const handler = (): Service => {
          journal.add("handler");
          return { onOpen: () => "hello" };
        };
        listener.attach("/strict", handler, strict(journal));
        const client = await connect({ path: "/strict", headers: KNOWN, protocols: ["a"] });
        assert.equal(await client.message(), "hello");
        assert.deepEqual(journal.entries, ["authenticator", "schema", "handler"]);
      },
    );
  });

  for (const late of ["authenticator", "schema"] as const) {
    subject.test(`R22 a handler is not called when the ${late} took longer than upgradeTimeout`, async () => {
      const held = gate();
      const ended = gate();
      const holds = async <Value>(name: string, value: Value): Promise<Value> => {
        if (name === late) {
          await held.promise;
          ended.resolve();
        }
        return value;
      };
      const auth: Authenticator = {
        scheme: "Bearer",
        authenticate: () => holds("authenticator", { scopes: [], claims: {} }),
      };
      await subject.run(
        ({ journal }) =>
          () => {
            journal.add("handler");
            return {};
          },
        async ({ listener, journal }) => {
          const response = await request(listener.port, toHandshake(listener.port, { headers: KNOWN }));
          assert.equal(response.status, 503);
          held.resolve();
          await ended.promise;
          await wait(20);
          assert.deepEqual(journal.entries, []);
        },
        {
          config: { auth: [auth], query: toSchema((value) => holds("schema", { value })), upgradeTimeout: 0.05 },
          logs: /upgradeTimeout/,
        },
      );
    });
  }
}

const asks: Authenticator = {
  scheme: "Bearer",
  scopes: ["write"],
  async authenticate(credential) {
    if (credential === "denied") throw new AuthError("No", { status: 403 });
    if (credential === "refused") throw new AuthError("No", { status: 401 });
    if (credential === "malformed") throw new AuthError("No", { status: 400 });
    return credential === "wr0ng" ? undefined : { scopes: ["read"], claims: {} };
  },
};

/** A refusal, and the options that its line names; none where there is no line. */
type Told = readonly [
  what: string,
  config: UpgradeConfig,
  send: HandshakeOptions,
  status: number,
  options: readonly string[],
];

const told: readonly Told[] = [
  ["a foreign origin", {}, { headers: FOREIGN }, 403, ["origins"]],
  [
    "no subprotocol",
    { subProtocols: ["a"], requireSubProtocol: true },
    {},
    400,
    ["subProtocols", "requireSubProtocol"],
  ],
  [
    "another subprotocol",
    { subProtocols: ["a"], requireSubProtocol: true },
    { protocols: ["wr0ng"] },
    400,
    ["subProtocols", "requireSubProtocol"],
  ],
  ["no credential", { auth: [asks] }, {}, 401, ["auth", "credentials"]],
  ["a wrong credential", { auth: [asks] }, { headers: WRONG }, 401, ["auth", "credentials"]],
  ["a credential that its authenticator refuses", { auth: [asks] }, bearer("refused"), 401, ["auth", "credentials"]],
  ["too few scopes", { auth: [asks] }, { headers: KNOWN }, 403, ["auth", "scopes"]],
  ["a credential that its authenticator denies", { auth: [asks] }, bearer("denied"), 403, ["auth", "scopes"]],
  ["a parameter that does not fit", { params: toSchema(refuse) }, { path: "/" }, 400, ["params"]],
  ["a query that does not fit", { query: toSchema(refuse) }, { path: "/?wr0ng=1" }, 400, ["query"]],
  ["headers that do not fit", { headers: toSchema(refuse) }, { headers: { "X-A": "wr0ng" } }, 400, ["headers"]],
  ["a credential that cannot be read", { auth: [asks] }, { headers: { Authorization: "Bearer" } }, 400, []],
  ["a credential that its authenticator cannot read", { auth: [asks] }, bearer("malformed"), 400, []],
  ["a list of subprotocols that is none", {}, { headers: { "Sec-WebSocket-Protocol": "a, a" } }, 400, []],
  ["no key", {}, { headers: { "Sec-WebSocket-Key": null } }, 400, []],
  ["another version", {}, { headers: { "Sec-WebSocket-Version": "12" } }, 426, []],
  ["another method", {}, { method: "POST" }, 405, []],
  ["another path", {}, { path: "/nowhere" }, 404, []],
  ["a handler that refuses", {}, { path: "/?handler" }, 403, []],
];

function lines(subject: Subject): void {
  for (const [what, config, send, status, options] of told) {
    const how = options.length === 0 ? "is not logged" : `is one line of level info that names ${options.join(", ")}`;
    subject.test(`R23 the refusal of ${what} with ${status} ${how}`, async () => {
      await subject.run(
        () =>
          ({ url }) =>
            url.search === "?handler" ? new Response("No", { status: 403 }) : {},
        async ({ listener, log }) => {
          const response = await request(listener.port, toHandshake(listener.port, send));
          assert.equal(response.status, status);
          const entries = log.entries.filter((line) => line.startsWith("info"));
          assert.equal(entries.length, options.length === 0 ? 0 : 1, `${entries}`);
          const [line = ""] = entries;
          for (const option of options) assert.match(line, new RegExp(`\\boptions? .*\\b${option}\\b`));
          assert.ok(!line.includes("wr0ng"), line);
        },
        { config },
      );
    });
  }

  subject.test(
    "R23 a handshake from which a proxy has taken Upgrade away is one line of level info, once",
    async () => {
      await subject.run(
        () => () => ({}),
        async ({ listener, log }) => {
          // As Squid hands it on.
          const headers = { Upgrade: null, Connection: "keep-alive", Via: "1.1 proxy (squid/5.7)" };
          for (let i = 0; i < 2; i++) {
            const response = await request(listener.port, toHandshake(listener.port, { headers }));
            assert.equal(response.status, 426);
            assert.match(response.body, /^A proxy has taken the headers Upgrade and Connection away/);
          }
          assert.deepEqual([log.count(/^info/), log.count(/^info .*426: a proxy has taken Upgrade away/)], [1, 1]);
        },
      );
    },
  );

  subject.test("R23 what is refused once it is overdue has its one line already", async () => {
    const held = gate();
    const slow: Authenticator = { scheme: "Bearer", authenticate: () => held.promise.then(() => undefined) };
    await subject.run(
      () => () => ({}),
      async ({ listener, log }) => {
        const response = await request(listener.port, toHandshake(listener.port, { headers: KNOWN }));
        assert.equal(response.status, 503);
        held.resolve();
        await wait(20);
        assert.deepEqual([log.count(/^info/), log.count(/^warn .*upgradeTimeout/)], [0, 1]);
      },
      { config: { auth: [slow], upgradeTimeout: 0.05 }, logs: /upgradeTimeout/ },
    );
  });
}

/** Options under which everything is asked for; what is asked is noted. */
function strict(journal: Journal): UpgradeConfig {
  const authenticator: Authenticator = {
    scheme: "Bearer",
    async authenticate(credential) {
      journal.add("authenticator");
      return credential === "known" ? { scopes: [], claims: {} } : undefined;
    },
  };
  const query = toSchema((value) => {
    journal.add("schema");
    return "wrong" in (value as object) ? { issues: [{ message: "No" }] } : { value };
  });
  return { subProtocols: ["a"], requireSubProtocol: true, auth: [authenticator], query };
}

async function judge(
  subject: Subject,
  send: HandshakeOptions,
  status: number,
  asked: readonly string[],
): Promise<void> {
  await subject.run(
    () => () => ({}),
    async ({ listener, journal }) => {
      const handler = (): Service => {
        journal.add("handler");
        return {};
      };
      listener.attach("/judge", handler, strict(journal));
      const path = `/judge${(send.path ?? "/").slice(1)}`;
      const response = await request(listener.port, toHandshake(listener.port, { ...send, path }));
      assert.equal(response.status, status, response.body);
      assert.deepEqual(journal.entries, asked);
    },
  );
}

function bearer(credential: string): HandshakeOptions {
  return { headers: { Authorization: `Bearer ${credential}` } };
}

function toSchema(validate: (value: unknown) => unknown): StandardSchema<never> {
  return { "~standard": { version: 1, vendor: "tests", validate: validate as never } };
}

function refuse(): unknown {
  return { issues: [{ message: "wr0ng" }] };
}
