import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { fileUserStore } from "../../auth/mod.ts";
import { UserFile } from "../../auth/user_file.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { CHEAP, upgradeRequest } from "./auth_support.ts";
import { silent } from "./support.ts";

/** A path in a folder that goes with the test. */
function toPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "users-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "users.json");
}

const ann = { username: "ann", password: CHEAP, scopes: ["chat"] };

for (const [what, value] of [
  ["a list", [ann]],
  ["an object with users", { users: [ann] }],
] as const) {
  test(`fileUserStore() reads ${what}`, async (t) => {
    const path = toPath(t);
    writeFileSync(path, `\uFEFF${JSON.stringify(value)}`);
    const find = fileUserStore(path);
    const found = await find("ann", "correct", upgradeRequest());
    assert.deepEqual(found, { subject: "ann", scopes: ["chat"], claims: {} });
    assert.equal(await find("ann", "wrong", upgradeRequest()), undefined);
    assert.equal(await fileUserStore(pathToFileURL(path))("eve", "correct", upgradeRequest()), undefined);
  });
}

const wrong: [what: string, content: string, message: RegExp][] = [
  ["no JSON", '[{"username": "ann", "password": "hunter2"', /: it is not valid JSON$/],
  ["JSON with a slip", '{"users": [{"password": "hunter2" "username": "ann"}]}', /: it is not valid JSON$/],
  ["an object without users", '{"ann": "hunter2"}', /: users must be a list/],
  ["users that are no list", '{"users": {"ann": "hunter2"}}', /: users must be a list/],
  ["null", "null", /: users must be a list/],
  ["nothing", "", /: it is not valid JSON$/],
  [
    "a wrong record",
    JSON.stringify([ann, { username: "ben", password: ["hunter2"] }]),
    /: users\[1\]\.password must be/,
  ],
  [
    "a hostile hash",
    JSON.stringify([{ ...ann, password: CHEAP.replace("ln=1", "ln=30") }]),
    /: users\[0\]\.password: the/,
  ],
  ["more than 16 MiB", " ".repeat(2 ** 24 + 1), /: it has 16777217 bytes, and may have 16777216$/],
];

for (const [what, content, message] of wrong) {
  test(`fileUserStore() names the file and what is wrong, and no password, for ${what}`, (t) => {
    const path = toPath(t);
    writeFileSync(path, content);
    assert.throws(
      () => fileUserStore(path),
      (error) => {
        assert.ok(error instanceof TypeError);
        assert.ok(error.message.startsWith(`Cannot read the users in ${JSON.stringify(path)}: `), error.message);
        assert.match(error.message, message);
        assert.doesNotMatch(inspect(error), /hunter2/);
        return true;
      },
    );
  });
}

test("fileUserStore() names a file that is not there", (t) => {
  const path = toPath(t);
  assert.throws(() => fileUserStore(path), { message: `Cannot read the users in ${JSON.stringify(path)}: ENOENT` });
});

test("fileUserStore() warns once of plain-text passwords, and never says one", async (t) => {
  const path = toPath(t);
  const logger = silent();
  const clock = new FakeClock();
  writeFileSync(path, JSON.stringify([ann, { username: "ben", password: "hunter2" }]));
  const file = new UserFile(path, logger, clock);
  writeFileSync(path, JSON.stringify([{ username: "benjamin", password: "hunter2" }]));
  await clock.advance(1);
  assert.equal((await file.find("benjamin", "hunter2", upgradeRequest()))?.subject, "benjamin");
  const warning = `A user in ${JSON.stringify(path)} with a plain-text password: make a hash with "switchboard hash-password"`;
  assert.deepEqual(logger.lines, [["warn", warning]]);
});

test("a changed file is read again, a second after the last look", async (t) => {
  const path = toPath(t);
  const logger = silent();
  const clock = new FakeClock();
  const names = async () => {
    const found = ["ann", "ben", "benjamin"].map(async (name) =>
      (await file.find(name, "correct", upgradeRequest())) === undefined ? [] : [name],
    );
    return (await Promise.all(found)).flat();
  };
  writeFileSync(path, JSON.stringify([ann]));
  const file = new UserFile(path, logger, clock);
  assert.deepEqual(await names(), ["ann"]);

  writeFileSync(path, JSON.stringify([{ ...ann, username: "benjamin" }]));
  await clock.advance(0.999);
  assert.deepEqual(await names(), ["ann"]);
  await clock.advance(0.001);
  assert.deepEqual(await names(), ["benjamin"]);
  assert.deepEqual(logger.lines, []);

  // Unreadable: the users stay, and one line says so for each state of the file.
  writeFileSync(path, '[{"username": "ann", "password": "hunter2"');
  for (let look = 0; look < 3; look++) {
    await clock.advance(1);
    assert.deepEqual(await names(), ["benjamin"]);
  }
  rmSync(path);
  for (let look = 0; look < 3; look++) {
    await clock.advance(1);
    assert.deepEqual(await names(), ["benjamin"]);
  }
  const where = `Cannot read the users in ${JSON.stringify(path)}`;
  assert.deepEqual(logger.lines, [
    ["error", `${where}: it is not valid JSON: its users stay as they were`],
    ["error", `${where}: ENOENT: its users stay as they were`],
  ]);

  writeFileSync(path, JSON.stringify([{ ...ann, username: "ben" }]));
  await clock.advance(1);
  assert.deepEqual(await names(), ["ben"]);
});
