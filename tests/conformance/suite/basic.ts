/** B3 over the wire: users of HTTP Basic, as the header carries them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { basicAuth } from "../../../auth/mod.ts";
import { request, toHandshake } from "../../kit/raw_client.ts";
import type { Subject } from "./subject.ts";

// Made with N = 2^10, which is no use but for tests: "grüße:1".
const HASH = "scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$kEnmB9hnEpBKV7cGrnQbQQ";

const to = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

// The header, and whom it finds, or the status of the refusal.
const table: readonly (readonly [what: string, authorization: string, answer: string | 400 | 401 | 403])[] = [
  ["a name and its password", to("jürgen:grüße:1"), "jürgen"],
  ["the scheme in lower case", to("jürgen:grüße:1").replace("Basic", "basic"), "jürgen"],
  ["a wrong password", to("jürgen:grüße"), 401],
  ["an unknown name", to("juergen:grüße:1"), 401],
  ["a user without the scope", to("guest:hunter2"), 403],
  ["empty parts", to(":"), 401],
  ["an empty password", to("guest:"), 401],
  ["8 KiB", to(`guest:${"x".repeat(5800)}`), 401],
  ["no colon", to("guest"), 400],
  ["no Base64", "Basic guest:hunter2", 400],
  ["no padding", to("guest:hunter22").replace(/=+$/, ""), 400],
  ["Latin-1", `Basic ${Buffer.from("j\u00fcrgen:x", "latin1").toString("base64")}`, 400],
  ["nothing behind the scheme", "Basic", 400],
  ["two spaces", to("guest:hunter2").replace(" ", "  "), 400],
  ["its password as a token", to("guest:hunter2").replace("Basic", "Bearer"), 401],
];

/** Registers the tests. */
export function basic(subject: Subject): void {
  const logger = { warn: () => {} };
  const users = [
    { username: "jürgen", password: HASH, scopes: ["chat"] },
    { username: "guest", password: "hunter2" },
  ];
  const config = { auth: [basicAuth({ users, scopes: ["chat"], realm: 'the "room"', logger })] };

  for (const [what, authorization, answer] of table) {
    subject.test(`B3 basicAuth answers ${what} with ${answer}`, async () => {
      const headers = { Authorization: authorization };
      await subject.run(
        () =>
          ({ principal }) => ({ onOpen: () => `${principal?.subject}: ${principal?.scopes}` }),
        async ({ connect, listener, log }) => {
          if (typeof answer === "string") {
            const client = await connect({ headers });
            assert.equal(await client.message(), `${answer}: chat`);
            return;
          }
          const response = await request(listener.port, toHandshake(listener.port, { headers }));
          assert.equal(response.status, answer, response.body);
          const challenge = response.header("www-authenticate") ?? "";
          if (answer === 401) assert.equal(challenge, 'Basic realm="the \\"room\\"", charset="UTF-8"');
          const told = [response.body, ...response.headers.flat(), ...log.entries].join("\n");
          assert.doesNotMatch(told, /hunter2|grüße|guest/);
        },
        { config },
      );
    });
  }

  subject.test(
    "D1 a flood of logins is answered with 503 and Retry-After, and one that comes later gets in",
    async () => {
      // Dear enough that the flood is there before the work is done: two run, 32 wait.
      const password = "pbkdf2$h=sha256,i=30000$c2FsdHNhbHQ$wNAHFmypSL02NgGoqg+lDw"; // "right"
      const auth = [basicAuth({ users: [{ username: "ann", password }] })];
      await subject.run(
        () =>
          ({ principal }) => ({ onOpen: () => `Hello ${principal?.subject}` }),
        async ({ connect, listener }) => {
          const wrong = toHandshake(listener.port, { headers: { Authorization: to("ann:wrong") } });
          const answers = await Promise.all(Array.from({ length: 120 }, () => request(listener.port, wrong)));
          const statuses = answers.map(({ status }) => status);
          assert.ok(statuses.includes(401) && statuses.includes(503), statuses.join());
          assert.ok(
            statuses.every((status) => status === 401 || status === 503),
            statuses.join(),
          );
          for (const answer of answers) {
            assert.equal(answer.header("retry-after"), answer.status === 503 ? "5" : undefined);
          }
          const client = await connect({ headers: { Authorization: to("ann:right") } });
          assert.equal(await client.message(), "Hello ann");
        },
        { config: { auth }, logs: /Too many are logging in/ },
      );
    },
  );
}
