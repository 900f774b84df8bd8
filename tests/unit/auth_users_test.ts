import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { isEqual, toFingerprint } from "../../auth/compare.ts";
import { UserList } from "../../auth/users.ts";
import { WorkQueue } from "../../auth/work_queue.ts";
import { AuthError } from "../../src/errors.ts";
import { CHEAP, upgradeRequest } from "./auth_support.ts";
import { leak, takesLinearTime } from "./timing.ts";

const wrong: [what: string, users: unknown, message: RegExp][] = [
  ["no list", { ann: "hunter2" }, /^users must be a list of /],
  ["nothing", undefined, /^users must be a list of /],
  ["a record that is none", ["ann:hunter2"], /^users\[0\] must be an object/],
  [
    "a misspelt field",
    [{ username: "ann", password: "hunter2", scope: [] }],
    /^users\[0\] may have username, password/,
  ],
  ["no name", [{ password: "hunter2" }], /^users\[0\]\.username must be a string/],
  ["an empty name", [{ username: "", password: "hunter2" }], /^users\[0\]\.username must be a string/],
  ["a colon in a name", [{ username: "a:b", password: "hunter2" }], /^users\[0\]\.username .* without colons/],
  ["no password", [{ username: "a", password: CHEAP }, { username: "b" }], /^users\[1\]\.password must be a string$/],
  ["an empty password", [{ username: "ann", password: "" }], /^users\[0\]\.password must not be empty$/],
  ["a number for a password", [{ username: "ann", password: 4711 }], /^users\[0\]\.password must be a string$/],
  [
    "a line break in a password",
    [{ username: "ann", password: "hunter2\n" }],
    /^users\[0\]\.password must not have control/,
  ],
  [
    "scopes that are no list",
    [{ username: "a", password: "hunter2", scopes: "admin" }],
    /^users\[0\]\.scopes must be a list/,
  ],
  [
    "a hostile hash",
    [{ username: "a", password: CHEAP.replace("ln=1", "ln=40") }],
    /^users\[0\]\.password: the hash asks/,
  ],
  ["half a hash", [{ username: "a", password: "scrypt$hunter2" }], /^users\[0\]\.password: the hash must be/],
  ["a bcrypt hash", [{ username: "a", password: "$2b$10$hunter2" }], /^users\[0\]\.password: the hash must be/],
  ["an LDAP hash", [{ username: "a", password: "{SSHA}hunter2" }], /^users\[0\]\.password: the hash must be/],
  [
    "two of one name, composed differently",
    [
      { username: "jürgen", password: "hunter2" },
      { username: "ju\u0308rgen", password: "hunter3" },
    ],
    /^users\[1\]\.username is that of an earlier user$/,
  ],
];

for (const [what, users, message] of wrong) {
  test(`UserList is told its place, and no password, for ${what}`, () => {
    assert.throws(
      () => new UserList(users),
      (error) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, message);
        assert.doesNotMatch(inspect(error), /hunter2|4711/);
        return true;
      },
    );
  });
}

/** Counts what is hashed and what is fingerprinted. */
function counted(users: unknown) {
  const counts = { hashed: 0, fingerprinted: 0 };
  const queue = new WorkQueue();
  const fingerprint = toFingerprint();
  const list = new UserList(users, {
    queue: {
      run: (work, request) => {
        counts.hashed += 1;
        return queue.run(work, request);
      },
    },
    fingerprint: (text) => {
      counts.fingerprinted += 1;
      return fingerprint(text);
    },
  });
  const cost = async (username: string, password: string) => {
    Object.assign(counts, { hashed: 0, fingerprinted: 0 });
    await list.find(username, password, upgradeRequest());
    return { ...counts };
  };
  return cost;
}

test("B4: a known name, an unknown name, a right and a wrong password are the same work", async () => {
  const hashed = counted(["ann", "ben", "cas"].map((username) => ({ username, password: CHEAP })));
  for (const [username, password] of [
    ["ann", "correct"],
    ["ann", "wrong"],
    ["cas", "wrong"],
    ["eve", "correct"],
    ["", ""],
  ] as const) {
    assert.deepEqual(await hashed(username, password), { hashed: 1, fingerprinted: 1 }, `${username} ${password}`);
  }
  const plain = counted(["ann", "ben"].map((username) => ({ username, password: "correct" })));
  for (const [username, password] of [
    ["ann", "correct"],
    ["ann", "wrong"],
    ["eve", "correct"],
  ] as const) {
    assert.deepEqual(await plain(username, password), { hashed: 0, fingerprinted: 2 }, `${username} ${password}`);
  }
});

test("B4: among users of unlike cost an unknown name is always as dear as one and the same of them", async () => {
  const cost = counted([
    { username: "ann", password: CHEAP },
    { username: "ben", password: "plain" },
  ]);
  const seen = new Set<number>();
  for (let index = 0; index < 64; index++) {
    const first = await cost(`nobody${index}`, "wrong");
    assert.deepEqual(await cost(`nobody${index}`, "other"), first);
    seen.add(first.hashed);
  }
  assert.deepEqual([...seen].sort(), [0, 1]);
});

test("an unknown name with the password of its decoy is nobody, and so is everybody of an empty list", async () => {
  const one = new UserList([{ username: "ann", password: CHEAP }]);
  assert.equal(await one.find("eve", "correct", upgradeRequest()), undefined);
  assert.equal((await one.find("ann", "correct", upgradeRequest()))?.subject, "ann");
  assert.equal(await new UserList([]).find("", "", upgradeRequest()), undefined);
});

// Marks of a lower class behind many of a higher one: each is carried to the front (UAX #15).
const MARKS = `a${"\u0301".repeat(32_768)}${"\u0316".repeat(32_768)}`;

test("B4: a name or a password of tens of thousands of marks costs no more than another of its length", async () => {
  for (const password of ["plain", CHEAP]) {
    const list = new UserList([{ username: "ann", password }]);
    await takesLinearTime(async () => {
      assert.equal(await list.find(MARKS, "wrong", upgradeRequest()), undefined);
      assert.equal(await list.find("ann", MARKS, upgradeRequest()), undefined);
    });
  }
});

test("a name and a password of many marks are found as they were written, and of a few in any form", async () => {
  const few = `u${"\u0308".repeat(30)}`;
  const list = new UserList([
    { username: MARKS, password: MARKS },
    { username: few, password: few },
  ]);
  assert.equal((await list.find(MARKS, MARKS, upgradeRequest()))?.subject, MARKS);
  assert.equal(await list.find(MARKS, `${MARKS}\u0301`, upgradeRequest()), undefined);
  const composed = few.normalize("NFC");
  assert.notEqual(composed, few);
  assert.equal((await list.find(composed, composed, upgradeRequest()))?.subject, few);
});

test("isEqual() tells bytes apart, and bytes of different lengths", () => {
  const a = new Uint8Array([1, 2, 3]);
  assert.equal(isEqual(a, new Uint8Array([1, 2, 3])), true);
  assert.equal(isEqual(a, new Uint8Array([1, 2, 4])), false);
  assert.equal(isEqual(a, new Uint8Array([1, 2])), false);
  assert.equal(isEqual(new Uint8Array(0), new Uint8Array(0)), true);
});

test("toFingerprint() gives each function a key of its own", () => {
  const [one, other] = [toFingerprint(), toFingerprint()];
  assert.equal(isEqual(one("a"), one("a")), true);
  assert.equal(isEqual(one("a"), one("b")), false);
  assert.equal(isEqual(one("a"), other("a")), false);
});

const secret = "s".repeat(4096);
const early = `x${secret.slice(1)}`;
const late = `${secret.slice(1)}x`;

test("B4: the statistics find a comparison that ends early", async () => {
  const naive = async (guess: string) => {
    let at = 0;
    while (at < guess.length && guess.charCodeAt(at) === secret.charCodeAt(at)) at += 1;
    return at === secret.length;
  };
  const found = await leak(naive, early, late);
  assert.ok(found > 4.5, `t = ${found}`);
});

test("B4: the statistics find a store that hashes for known names only", async () => {
  const fingerprint = toFingerprint();
  const naive = async (name: string) => (name === "ann" ? fingerprint("wrong text") : undefined);
  const found = await leak(naive, "ann", "eve");
  assert.ok(found > 4.5, `t = ${found}`);
});

test("B4: how much of a password is right leaks no timing", async () => {
  const list = new UserList([{ username: "ann", password: secret }]);
  const request = upgradeRequest();
  const found = await leak((guess) => list.find("ann", guess, request), early, late);
  assert.ok(found < 4.5, `t = ${found}`);
});

test("B4: whether a name is known leaks no timing", async () => {
  const list = new UserList(["ann", "ben", "cas"].map((username) => ({ username, password: "plain text" })));
  const request = upgradeRequest();
  const found = await leak((name) => list.find(name, "wrong text", request), "ann", "eve");
  assert.ok(found < 4.5, `t = ${found}`);
});

test("a flood of logins hashes two at once, lets 32 wait and answers the rest with 503 before the first is done", async () => {
  // Enough work that the refusals come while the first still runs.
  const password = CHEAP.replace("scrypt$ln=1,r=1,p=1", "pbkdf2$h=sha256,i=20000");
  const list = new UserList([{ username: "ann", password }]);
  const settled: unknown[] = [];
  const login = async (index: number) => {
    const found = list.find(index % 2 === 0 ? "ann" : "eve", "wrong", upgradeRequest());
    settled.push(await found.catch((error: unknown) => error));
  };
  await Promise.all(Array.from({ length: 1000 }, (_, index) => login(index)));
  const refused = settled.slice(0, 1000 - 34);
  for (const error of refused) {
    assert.ok(error instanceof AuthError);
    assert.deepEqual([error.status, error.retryAfter], [503, 5]);
  }
  assert.deepEqual(settled.slice(1000 - 34), new Array(34).fill(undefined));
  assert.equal(await list.find("ann", "wrong", upgradeRequest()), undefined);
});

test("WorkQueue runs its work in order, so many at once and no more, and goes on after a failure", async () => {
  const queue = new WorkQueue({ parallel: 2, places: 10 });
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const work = (index: number) => () => {
    begun.push(index);
    return new Promise<number>((resolve, reject) => {
      ends.push(() => (index === 0 ? reject(new Error("no")) : resolve(index)));
    });
  };
  const request = new AbortController();
  const all = Promise.allSettled([0, 1, 2, 3, 4].map((index) => queue.run(work(index), request)));
  await Promise.resolve();
  for (let ended = 0; ended < 5; ended++) {
    assert.deepEqual(begun, [0, 1, 2, 3, 4].slice(0, ended + 2));
    ends[ended]?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(
    (await all).map((result) => (result.status === "fulfilled" ? result.value : result.reason.message)),
    ["no", 1, 2, 3, 4],
  );
});

test("WorkQueue forgets who has left, and gives the place to the next", async () => {
  const queue = new WorkQueue({ parallel: 1, places: 1 });
  const { promise, resolve } = Promise.withResolvers<string>();
  const stays = new AbortController();
  const running = queue.run(() => promise, stays);
  const leaver = new AbortController();
  const left = queue.run(() => assert.fail("it ran"), leaver);
  await assert.rejects(
    queue.run(() => Promise.resolve(), stays),
    /^AuthError: Too many are logging in/,
  );
  leaver.abort(new Error("the peer left"));
  await assert.rejects(left, (error) => error instanceof AuthError && error.status === 503);
  await assert.rejects(
    queue.run(() => Promise.resolve(), leaver),
    /given up/,
  );
  const next = queue.run(() => Promise.resolve("next"), stays);
  resolve("first");
  assert.deepEqual(await Promise.all([running, next]), ["first", "next"]);
  assert.equal(await queue.run(() => Promise.resolve("idle"), stays), "idle");
});
