import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, type SpawnOptionsWithoutStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { verifyPassword } from "../../auth/mod.ts";
import { CommandError } from "../../cli/command.ts";
import { readSecret } from "../../cli/read_secret.ts";
import { switchboard } from "../../cli/switchboard.ts";
import { root } from "../../scripts/root.ts";

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

const flags = process.versions.deno === undefined ? [] : ["run", "-A", "--no-check"];
/** The program on the runtime that runs the test. */
const program = [process.execPath, ...flags, `${root}/cli/main.ts`];
const options: SpawnOptionsWithoutStdio = { stdio: "pipe", env: { ...process.env, NO_COLOR: "1" } };

/** Runs the program. */
async function run(args: readonly string[], input: string | Uint8Array = ""): Promise<Outcome> {
  return await outcome(spawn(process.execPath, [...program.slice(1), ...args], options), input);
}

async function outcome(child: ChildProcessWithoutNullStreams, input: string | Uint8Array = ""): Promise<Outcome> {
  let out = "";
  let errors = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  // One that ends before it has read anything breaks the pipe.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  await once(child, "close");
  return { code: child.exitCode, out, errors };
}

for (const scheme of ["scrypt", "pbkdf2"] as const) {
  test(`switchboard hash-password --scheme ${scheme} prints the hash of what it reads`, async () => {
    const { code, out, errors } = await run(["hash-password", "--scheme", scheme], "grüße: 1 \n");
    assert.deepEqual([code, errors], [0, ""]);
    assert.match(out, new RegExp(`^${scheme}\\$\\S+\n$`));
    assert.equal(await verifyPassword("grüße: 1 ", out.trim()), true);
  });
}

const help = /^Usage: switchboard hash-password \[--scheme scrypt\|pbkdf2\]\n/;

test("switchboard tells how it is used", async () => {
  const { code, out } = await run(["--help"]);
  assert.equal(code, 0);
  assert.match(out, /^Usage: switchboard COMMAND/);
  assert.match(out, /^ {2}hash-password {2}Makes the hash/m);
  assert.match(out, /^ {2}connect {8}Connects to/m);
  const own = await here(["hash-password", "--help"]);
  assert.equal(own.code, 0);
  assert.match(own.out, help);
  assert.match((await here(["-h"])).out, /^Usage: switchboard COMMAND/);
  assert.match((await here(["connect", "-h"])).out, /^Usage: switchboard connect/);
  assert.match((await here(["connect", "--help"])).out, /^Usage: switchboard connect URL \[OPTIONS\]\n/);
});

/** Runs the command in this process. */
async function here(args: readonly string[], input: string | Uint8Array = ""): Promise<Outcome> {
  let out = "";
  let errors = "";
  const code = await switchboard(args, {
    input: typed(false, input),
    output: { write: (text) => (out += text) },
    errors: { write: (text) => (errors += text) },
  });
  return { code, out, errors };
}

const usage: [args: string[], line: string][] = [
  [[], "Name a command: connect, hash-password, asyncapi\n"],
  [["hash"], 'Unknown command "hash": must be one of connect, hash-password, asyncapi\n'],
  [["hash-password", "hunter2"], "The password is read from standard input, not from the arguments\n"],
  [["hash-password", "--scheme"], "Option --scheme needs a value\n"],
  [["hash-password", "--scheme="], "Option --scheme needs a value\n"],
  [["hash-password", "--scheme", "md5"], 'Option --scheme is "md5": must be scrypt or pbkdf2\n'],
  [["hash-password", "--schema=scrypt"], 'Unknown option "--schema"\n'],
  [["hash-password", "-x"], 'Unknown option "-x"\n'],
];

for (const [args, line] of usage) {
  test(`switchboard ${args.join(" ")} exits with 2 and one line`, async () => {
    assert.deepEqual(await here(args), { code: 2, out: "", errors: line });
  });
}

test("the program exits with the code of its command", async () => {
  assert.deepEqual(await run(["hash-password", "--scheme"]), { code: 2, out: "", errors: usage[3]?.[1] });
  const empty = { code: 1, out: "", errors: "The password must not be empty\n" };
  assert.deepEqual(await run(["hash-password"], "\n"), empty);
});

/** Runs a command of a shell, in which `"$@"` is the program with these arguments. */
async function inShell(script: string, ...args: string[]): Promise<Outcome> {
  return await outcome(spawn("/bin/sh", ["-c", script, "sh", ...program, ...args], options));
}

test("a reader that leaves is no failure, and one who does not read complaints changes no exit code", async () => {
  const [left, deaf] = await Promise.all([
    inShell('exec 3>&1; { "$@"; echo $? >&3; } | :', "hash-password", "--help"),
    inShell('exec 3>&1; { "$@"; echo $? >&3; } 2>&1 | :', "nothing"),
  ]);
  assert.deepEqual(left, { code: 0, out: "0\n", errors: "" });
  assert.deepEqual(deaf, { code: 0, out: "2\n", errors: "" });
});

test("what cannot be written gives 1, and why", { skip: !existsSync("/dev/full") }, async () => {
  const { code, errors } = await inShell('"$@" >/dev/full', "--help");
  assert.equal(code, 1);
  assert.match(errors, /^Cannot write to standard output: .*no space left.*\n$/i);
});

test("switchboard hash-password refuses what cannot be a password, without repeating it", async () => {
  const refused = async (input: string | Uint8Array) => (await here(["hash-password"], input)).errors;
  assert.equal(await refused("hunter2\nhunter3\n"), "The password must not have control characters\n");
  assert.equal(await refused(new Uint8Array([0xfc])), "The password is not in UTF-8\n");
  assert.equal(await refused("x".repeat(70_000)), "The password has more than 65536 bytes\n");
});

/** An input that gives chunks, and notes when the keys are taken one by one. */
function typed(isTTY: boolean, ...chunks: (string | Uint8Array)[]) {
  const modes: boolean[] = [];
  return {
    isTTY,
    modes,
    setRawMode: (raw: boolean) => modes.push(raw),
    async *[Symbol.asyncIterator]() {
      for (const chunk of chunks) yield typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
    },
  };
}

test("readSecret() asks twice at a terminal, shows nothing, and understands the keys that correct", async () => {
  const asked: string[] = [];
  const questions = { write: (text: string) => asked.push(text) };
  const input = typed(true, "x\u0015geheim", "\u007f\u007fm", "\u001b[A", "👋\b", "!\r", "gehem!\n");
  assert.equal(await readSecret(input, questions), "gehem!");
  assert.deepEqual(asked, ["Password: ", "\nOnce more: ", "\n"]);
  assert.deepEqual(input.modes, [true, false]);
});

test("readSecret() asks once for a secret that is not new, and leaves the terminal open for what follows", async () => {
  const asked: string[] = [];
  const input = typed(true, "geheim\r", "not read");
  let isKept = false;
  const kept = {
    ...input,
    [Symbol.asyncIterator]: () => assert.fail("it would be closed"),
    iterator: (options: { destroyOnReturn: boolean }) => {
      isKept = options.destroyOnReturn === false;
      return input[Symbol.asyncIterator]();
    },
  };
  assert.equal(await readSecret(kept, { write: (text) => asked.push(text) }, 1), "geheim");
  assert.deepEqual([asked, isKept], [["Password: ", "\n"], true]);
});

test("readSecret() gives the terminal back when it gives up", async () => {
  const questions = { write: () => {} };
  for (const [chunks, message, exitCode] of [
    [["a\r", "b\r"], "The two passwords differ", 1],
    [["a", "\u0003"], "\nInterrupted", 130],
    [["a"], "\nNo password was typed", 1],
  ] as const) {
    const input = typed(true, ...chunks);
    await assert.rejects(readSecret(input, questions), { message, exitCode });
    assert.deepEqual(input.modes, [true, false]);
  }
});

test("readSecret() says so, when a pipe cannot be read", async () => {
  const input = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("EISDIR: a folder")) }) };
  const message = "Cannot read the password: EISDIR: a folder";
  await assert.rejects(readSecret(input, { write: () => {} }), new CommandError(message));
});

test("readSecret() takes all of a pipe but one line break at its end", async () => {
  const questions = { write: () => assert.fail("it asked") };
  assert.equal(await readSecret(typed(false, "a b", "c\r\n"), questions), "a bc");
  assert.equal(await readSecret(typed(false, "ab\n\n"), questions), "ab\n");
  const [first = 0, second = 0] = new TextEncoder().encode("ü");
  const [head, tail] = [new Uint8Array([first]), new Uint8Array([second])];
  assert.equal(await readSecret(typed(false, head, tail), questions), "ü");
  await assert.rejects(
    readSecret(typed(false, "a", head), questions),
    new CommandError("The password is not in UTF-8"),
  );
  assert.equal((await readSecret(typed(false, "x".repeat(65_536)), questions)).length, 65_536);
  assert.equal(await readSecret(typed(true, head, tail, "\u0004"), { write: () => {} }, 1), "ü");
});
