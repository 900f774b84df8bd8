import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { inspect } from "node:util";
import { type BasicAuthOptions, basicAuth, type User } from "../../auth/mod.ts";
import { AuthError } from "../../src/errors.ts";
import { Random } from "../kit/random.ts";
import { basic, CHEAP, upgradeRequest } from "./auth_support.ts";
import { silent } from "./support.ts";
import { takesLinearTime } from "./timing.ts";

const users: readonly User[] = [
  { username: "ann", password: "correct horse", scopes: ["chat", "admin"] },
  { username: "jürgen", password: "grüße" },
  { username: "colons", password: ":a:b::" },
  { username: "waver", password: "👋🏽" },
  { username: "hashed", password: CHEAP, scopes: ["chat"] },
];

function make(options: Partial<BasicAuthOptions> = {}) {
  return basicAuth({ users, logger: silent(), ...options });
}

const base64 = (bytes: string | number[]) => Buffer.from(bytes as string).toString("base64");

// What follows "Basic ", and whom it finds: 401 is nobody, 400 that it is malformed.
const table: [what: string, credential: string, answer: string | 400 | 401][] = [
  ["a name and its password", basic("ann", "correct horse"), "ann"],
  ["a name and its hashed password", basic("hashed", "correct"), "hashed"],
  ["letters beyond ASCII", basic("jürgen", "grüße"), "jürgen"],
  ["letters beyond ASCII, composed otherwise", basic("ju\u0308rgen", "gru\u0308ße"), "jürgen"],
  ["letters beyond ASCII, in Latin-1", base64([0x6a, 0xfc, 0x72, 0x67, 0x65, 0x6e, 0x3a, 0x67]), 400],
  ["a password beyond the Basic Multilingual Plane", basic("waver", "👋🏽"), "waver"],
  ["colons in the password", basic("colons", ":a:b::"), "colons"],
  ["a colon less in the password", basic("colons", "a:b::"), 401],
  ["a wrong password", basic("ann", "Correct horse"), 401],
  ["a wrong password for a hash", basic("hashed", "correct "), 401],
  ["the hash for the password", basic("hashed", CHEAP), 401],
  ["the password of somebody else", basic("ann", "grüße"), 401],
  ["an unknown name", basic("eve", "correct horse"), 401],
  ["a name of another case", basic("Ann", "correct horse"), 401],
  ["a name that is one of Object's", basic("__proto__", "correct horse"), 401],
  ["an empty name", basic("", "correct horse"), 401],
  ["an empty password", basic("ann", ""), 401],
  ["a colon alone", base64(":"), 401],
  ["nothing", "", 400],
  ["no colon", base64("ann"), 400],
  ["a character that Base64 has not", "YW5uOmE*", 400],
  ["Base64 of the URL alphabet", "-_-_", 400],
  ["Base64 without its padding", basic("ann", "correct horse").replace(/=+$/, ""), 400],
  ["padding alone", "====", 400],
  ["padding too much", `${basic("ann", "correct horse")}=`, 400],
  ["a space before it", ` ${basic("ann", "correct horse")}`, 400],
  ["two credentials", `${basic("ann", "correct horse")}, ${basic("eve", "x")}`, 400],
  ["a control character in the password", basic("ann", "correct\u0000horse"), 400],
  ["a line break behind the password", basic("ann", "correct horse\r\n"), 400],
  ["a byte order mark before the name", basic("\uFEFFann", "correct horse"), 401],
  ["bytes that are no UTF-8", base64([0x61, 0x3a, 0xc0, 0x80]), 400],
  ["8 KiB of it", basic("ann", "x".repeat(6140)), 401],
];

for (const [what, credential, answer] of table) {
  test(`B3: basicAuth() is given ${what}: ${answer}`, async () => {
    const found = make().authenticate(credential, upgradeRequest());
    if (answer === 400) {
      await assert.rejects(found, (error) => {
        assert.ok(error instanceof AuthError);
        assert.equal(error.status, 400);
        assert.equal(error.retryAfter, undefined);
        if (credential.length > 3) assert.ok(!inspect(error).includes(credential), "the error repeats the credential");
        return true;
      });
    } else if (answer === 401) {
      assert.equal(await found, undefined);
    } else {
      assert.equal((await found)?.subject, answer);
    }
  });
}

test("basicAuth() finds a principal with the scopes of the user and no claims", async () => {
  assert.deepEqual(await make().authenticate(basic("ann", "correct horse"), upgradeRequest()), {
    subject: "ann",
    scopes: ["chat", "admin"],
    claims: {},
  });
  const plain = await make().authenticate(basic("waver", "👋🏽"), upgradeRequest());
  assert.deepEqual(plain?.scopes, []);
});

test("basicAuth() passes name, password and request to a function, empty parts too, and gives what it finds", async () => {
  const seen: unknown[] = [];
  const request = upgradeRequest();
  const authenticator = basicAuth({
    users: (...all) => {
      seen.push(...all);
      return all[0] === "key" ? { subject: "device", scopes: [], claims: { a: 1 } } : undefined;
    },
  });
  assert.deepEqual(await authenticator.authenticate(basic("key", ""), request), {
    subject: "device",
    scopes: [],
    claims: { a: 1 },
  });
  assert.equal(await authenticator.authenticate(basic("", "a:b"), request), undefined);
  assert.deepEqual(seen, ["key", "", request, "", "a:b", request]);
  const failing = basicAuth({ users: () => Promise.reject(new Error("the directory is down")) });
  await assert.rejects(failing.authenticate(basic("a", "b"), request), /the directory is down/);
});

test("basicAuth() challenges with its realm, quoted, and the charset", () => {
  assert.equal(make().challenge, 'realm="websocket", charset="UTF-8"');
  assert.equal(make({ realm: 'the "inner" \\ room' }).challenge, 'realm="the \\"inner\\" \\\\ room", charset="UTF-8"');
  for (const realm of ["a\r\nSet-Cookie: a=b", "Räume", "\u0000"]) {
    assert.throws(() => make({ realm }), {
      name: "TypeError",
      message: /^Option realm is ".*": must be printable ASCII$/,
    });
  }
});

test("basicAuth() carries its scopes", () => {
  assert.deepEqual(make({ scopes: ["chat"] }).scopes, ["chat"]);
  assert.equal("scopes" in make(), false);
  assert.equal(make().scheme, "Basic");
});

test("basicAuth() refuses wrong options, by name", () => {
  const wrong = (options: object, message: RegExp) =>
    assert.throws(() => basicAuth(options as BasicAuthOptions), { name: "TypeError", message });
  wrong({ users, scope: ["admin"] }, /^Unknown option "scope" of basicAuth/);
  for (const scopes of ["admin", [], ["admin chat"]])
    wrong({ users, scopes }, /^Option scopes must be a list of one or more scopes/);
  wrong({}, /^Option users must be a list/);
  wrong({ users: { ann: "correct horse" } }, /^Option users must be a list/);
});

test("basicAuth() warns once of plain-text passwords in a list, and never says one", async () => {
  const logger = silent();
  const authenticator = make({ logger });
  await authenticator.authenticate(basic("ann", "correct horse"), upgradeRequest());
  assert.deepEqual(logger.lines, [
    ["warn", '4 users of basicAuth with a plain-text password: make a hash with "switchboard hash-password"'],
  ]);
  const hashed = silent();
  make({ users: users.filter(({ username }) => username === "hashed"), logger: hashed });
  assert.deepEqual(hashed.lines, []);
});

test("B17: an authenticator shows no password when it is printed", () => {
  assert.doesNotMatch(inspect(make(), { depth: 9, showHidden: true }), /correct horse|grüße/);
});

test("basicAuth() parses a credential of 64 KiB in linear time", async () => {
  const hostile = ["b".repeat(65536), "=".repeat(65536), `${"b".repeat(65532)}*bbb`, basic(":".repeat(48000), "")];
  for (const credential of hostile) {
    const authenticator = make();
    await takesLinearTime(() => authenticator.authenticate(credential, upgradeRequest()).catch(() => undefined));
  }
});

test("I2: basicAuth() answers 20,000 credentials made at random with nobody or 400, and nothing else", async () => {
  const random = new Random(7617);
  const authenticator = make({ users: users.filter(({ username }) => username !== "hashed") });
  const request = upgradeRequest();
  const pieces = [
    "ann",
    "YW5u",
    "Og==",
    ":",
    "=",
    "==",
    "+/",
    "-_",
    "\u0000",
    "ü",
    "\ud800",
    " ",
    "AAAA",
    basic("ann", "x"),
  ];
  const answers = new Set<unknown>();
  for (let round = 0; round < 20_000; round++) {
    const parts = Array.from({ length: random.integer(0, 5) }, () => random.pick(pieces)).join("");
    const credential = random.chance(0.5) ? parts : Buffer.from(parts).toString("base64");
    const found = authenticator.authenticate(credential, request);
    answers.add(await found.catch((error: unknown) => (error instanceof AuthError ? error.status : error)));
  }
  assert.deepEqual(answers, new Set([undefined, 400]));
});
