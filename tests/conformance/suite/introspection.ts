/** B10 to B12 over the wire: tokens that an authorization server is asked about. */
import assert from "node:assert/strict";
import { type Authenticator, type IntrospectionOptions, oauth2Introspection } from "../../../auth/mod.ts";
import { AuthorizationServer, type Misbehaviour } from "../../kit/authorization_server.ts";
import { dial, type HttpResponse, request, toHandshake } from "../../kit/raw_client.ts";
import { type Running, type Subject, wait } from "./subject.ts";

const LOG = /Refused an upgrade with 503: Cannot ask "localhost:\d+": /;

type Ask = (token: string) => Promise<HttpResponse>;

/** Runs a service that says who somebody is, beside the server that knows. */
async function run(
  subject: Subject,
  use: (server: AuthorizationServer, running: Running, ask: Ask) => Promise<void>,
  options: Partial<IntrospectionOptions> & { logs?: RegExp; before?: readonly Authenticator[] } = {},
): Promise<void> {
  const { logs, before = [], ...rest } = options;
  const ends: (() => Promise<void>)[] = [];
  const server = await AuthorizationServer.start({ after: (end) => ends.push(end) });
  const url = `${server.url}/introspect`;
  const auth = [...before, oauth2Introspection({ url, clientId: "chat", clientSecret: "s3cret", ...rest })];
  try {
    await subject.run(
      () =>
        ({ principal }) => ({ onOpen: () => `${principal?.subject}: ${principal?.scopes}` }),
      (running) => {
        const { port } = running.listener;
        return use(server, running, (token) => request(port, toHandshake(port, { headers: bearer(token) })));
      },
      { config: { auth }, ...(logs && { logs }) },
    );
  } finally {
    for (const end of ends) await end();
  }
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

/** Registers the tests. */
export function introspection(subject: Subject): void {
  subject.test("B11 a token that the server knows opens the connection; one that it revokes is 401", async () => {
    await run(subject, async (server, { connect }, ask) => {
      const token = await server.issue({ sub: "zoë", scope: "read write" });
      const client = await connect({ headers: bearer(token) });
      assert.equal(await client.message(), "zoë: read,write");
      server.revoke(token);
      const response = await ask(token);
      assert.equal(response.status, 401);
      assert.equal(response.header("www-authenticate"), 'Bearer realm="websocket", error="invalid_token"');
    });
  });

  subject.test("B11 a token without the scope is 403", async () => {
    const test = async (server: AuthorizationServer, _: Running, ask: Ask) => {
      const response = await ask(await server.issue({ scope: "read" }));
      assert.equal(response.status, 403);
      assert.match(response.header("www-authenticate") ?? "", /error="insufficient_scope", scope="write"$/);
    };
    await run(subject, test, { scopes: ["write"] });
  });

  for (const misbehaviour of [
    "error",
    "hang up",
    "html",
    "empty",
    "redirect",
    "huge",
    "bomb",
  ] satisfies Misbehaviour[]) {
    subject.test(
      `B10 B11 a server that does "${misbehaviour}" is 503 with Retry-After, without a word of the token`,
      async () => {
        const test = async (server: AuthorizationServer, { log }: Running, ask: Ask) => {
          const token = await server.issue();
          server.misbehaviour = misbehaviour;
          const response = await ask(token);
          assert.equal(response.status, 503);
          assert.equal(response.header("retry-after"), "1");
          const told = [response.body, ...response.headers.flat(), ...log.entries].join("\n");
          assert.match(told, LOG);
          assert.doesNotMatch(told, /eyJ|s3cret|\/introspect/);
          server.misbehaviour = undefined;
          assert.equal((await ask(token)).status, 101);
        };
        await run(subject, test, { logs: LOG });
      },
    );
  }

  subject.test(
    "B12 connections with one token at once make one call, which outlives the peer that began it",
    async () => {
      const journal = subject.journal();
      let count = 0;
      const counter: Authenticator = {
        scheme: "Bearer",
        async authenticate() {
          journal.add(`asked ${++count}`);
          return undefined;
        },
      };
      const test = async (server: AuthorizationServer, { listener }: Running, ask: Ask) => {
        const token = await server.issue();
        const release = server.hold();
        const leaver = await dial(listener.port);
        leaver.write(toHandshake(listener.port, { headers: bearer(token) }));
        await server.arrived(1);
        const others = Array.from({ length: 20 }, () => ask(token));
        await journal.until("asked 21");
        leaver.destroy();
        // So that the last of them has hashed its token.
        await wait(50);
        release();
        assert.deepEqual(new Set((await Promise.all(others)).map(({ status }) => status)), new Set([101]));
        assert.equal(server.count("/introspect"), 1);
      };
      await run(subject, test, { before: [counter] });
    },
  );
}
