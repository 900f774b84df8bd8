/** `switchboard connect` between other programs. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type Caller, Listener, type Service, upgrade } from "../../mod.ts";
import { certificatePath } from "../kit/certificates.ts";
import { command } from "../kit/terminal.ts";

/** A listener with one service, and the URL of it. */
async function serve(service: Service): Promise<{ listener: Listener; url: string }> {
  // Uncompressed, so that what is sent is what is counted; the engine that is the same on every runtime.
  const listener = new Listener(0, { host: "127.0.0.1", engine: "node", webSocketCompressionEnabled: false });
  listener.attach(
    "/echo",
    upgrade(() => service),
  );
  await listener.start();
  return { listener, url: `ws://127.0.0.1:${listener.port}/echo` };
}

/** A running command. */
interface Running extends Disposable {
  readonly child: ChildProcess;
  /** What it has written. */
  readonly out: string;
  readonly errors: string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts a command of a shell, in which `"$@"` is `switchboard connect` with these arguments. */
function start(script: string, ...args: string[]): Running {
  const child = spawn("/bin/sh", ["-c", script, "sh", ...command, "connect", ...args], {
    stdio: "pipe",
    env: { ...process.env, NO_COLOR: "1" },
  });
  const running = {
    child,
    out: "",
    errors: "",
    ended: once(child, "close").then(([code]) => code),
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
  child.stdout.on("data", (chunk) => (running.out += chunk));
  child.stderr.on("data", (chunk) => (running.errors += chunk));
  child.stdin.on("error", () => {});
  return running;
}

test("lines of standard input are messages, messages are lines of standard output, all else is on standard error", async () => {
  const { listener, url } = await serve({ onOpen: () => "Welcome", onTextMessage: (_, text) => text.toUpperCase() });
  await using _ = listener;
  using running = start('exec "$@"', `${url}?token=hunter2`, "--header", "Authorization: hunter2");
  running.child.stdin?.end("one\ntwö\n\nlast");
  assert.equal(await running.ended, 0);
  assert.equal(running.out, "Welcome\nONE\nTWÖ\n\nLAST\n");
  const notes = running.errors.replace(/^\d\d:\d\d:\d\d /gm, "").split("\n");
  assert.deepEqual(notes, [`* Connected to ${url}`, "* Closed: 1000 (normal closure)", ""]);
});

test("SIGINT closes with 1000 and gives 130", async () => {
  const closed = Promise.withResolvers<number>();
  const { listener, url } = await serve({
    onOpen: () => "Welcome",
    onClose: (_, code) => closed.resolve(code),
  });
  await using _ = listener;
  using running = start('exec "$@"', url);
  await Promise.race([once(running.child.stdout ?? assert.fail(), "data"), running.ended]);
  assert.equal(running.out, "Welcome\n");
  // Deno's `ChildProcess.kill` reports the signal as the end, even of a process that exits by itself.
  process.kill(running.child.pid ?? assert.fail(), "SIGINT");
  assert.equal(await running.ended, 130);
  assert.equal(await closed.promise, 1000);
});

test("a reader that leaves ends it", async () => {
  const closed = Promise.withResolvers<number>();
  const { listener, url } = await serve({
    async onTextMessage(caller) {
      // A write that has room is done at once: who writes without end must let others have a turn.
      for (; caller.isOpen; await setImmediate()) await caller.writeTextMessage("x".repeat(1000));
    },
    onClose: (_, code) => closed.resolve(code),
  });
  await using _ = listener;
  using running = start('"$@" | head -c 10; exit 7', url, "--execute", "go", "--wait", "forever");
  assert.equal(await running.ended, 7);
  assert.equal(running.out, "x".repeat(10));
  assert.equal(await closed.promise, 1000);
});

test("--ca and --insecure open what nobody vouches for, and --cert shows who connects", async () => {
  await using listener = new Listener(0, {
    host: "127.0.0.1",
    engine: "node",
    secureSocket: {
      key: { certFile: certificatePath("server.pem"), keyFile: certificatePath("server-key.pem") },
      mutualSsl: { cert: certificatePath("ca.pem"), verifyClient: "OPTIONAL" },
    },
  });
  const greet: Service = { onOpen: (caller) => `Hello ${caller.peerCertificate?.serialNumber ?? "stranger"}` };
  listener.attach(
    "/echo",
    upgrade(() => greet),
  );
  await listener.start();
  const url = `wss://localhost:${listener.port}/echo`;
  const run = async (...args: string[]): Promise<[number | null, string, string]> => {
    using running = start('exec "$@"', url, "--execute", "x", "--count", "1", ...args);
    return [await running.ended, running.out, running.errors];
  };
  const client = ["--cert", certificatePath("client.pem"), "--key", certificatePath("client-key.pem")];
  const [distrusted, known, insecure] = await Promise.all([
    run(),
    run("--ca", certificatePath("ca.pem"), ...client),
    run("--insecure"),
  ]);
  assert.match(distrusted[2], /\* Cannot connect to "localhost:\d+" with TLS: /);
  assert.deepEqual(distrusted.slice(0, 2), [1, ""]);
  assert.equal(known[0], 0);
  assert.match(known[1], /^Hello [0-9A-F]+\n$/);
  assert.deepEqual(insecure.slice(0, 2), [0, "Hello stranger\n"]);
});

/** Resolves once a number has not grown for a while. */
async function settled(read: () => number): Promise<number> {
  for (let before = -1, rounds = 0; rounds < 30; rounds++) {
    const now = read();
    if (now > 0 && now === before) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return assert.fail(`It does not settle: ${read()}`);
}

/** 128 MiB in all: the buffers of a system grow to some 36 MiB (`tcp_rmem`, `tcp_wmem`), half of it they cannot take. */
const MESSAGE = 65_536;
const COUNT = 2048;

test("a slow reader makes the server wait, and loses nothing", async () => {
  let sent = 0;
  const { listener, url } = await serve({
    async onTextMessage(caller) {
      for (let index = 0; index < COUNT; index++) {
        await caller.writeTextMessage(`${index} `.padEnd(MESSAGE - 1, "x"));
        sent += 1;
      }
    },
  });
  await using _ = listener;
  const script = 'exec 3<&0; "$@" </dev/null | { read go <&3; cut -d " " -f 1 | cksum; }; cksum <&3';
  using running = start(script, url, "--execute", "go", "--count", String(COUNT));
  assert.ok((await settled(() => sent)) < COUNT / 2, `${sent} of ${COUNT} messages were taken`);
  const numbers = Array.from({ length: COUNT }, (_, index) => `${index}\n`).join("");
  running.child.stdin?.end(`go\n${numbers}`);
  await running.ended;
  const [first, second] = running.out.trim().split("\n");
  assert.equal(first, second);
});

test("a slow server makes standard input wait, and all of it arrives", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const numbers: number[] = [];
  const { listener, url } = await serve({
    async onTextMessage(_: Caller, text) {
      await promise;
      numbers.push(Number.parseInt(text, 10));
      if (numbers.length === COUNT) return "done";
    },
  });
  await using _ = listener;
  using running = start('exec "$@"', url, "--count", "1");
  let taken = 0;
  const write = (index: number) => {
    if (index === COUNT) return;
    running.child.stdin?.write(`${`${index} `.padEnd(MESSAGE - 2, "x")}\n`, () => {
      taken += 1;
      write(index + 1);
    });
  };
  write(0);
  assert.ok((await settled(() => taken)) < COUNT / 2, `${taken} of ${COUNT} messages were taken`);
  resolve();
  assert.equal(await running.ended, 0);
  assert.deepEqual(
    numbers,
    Array.from({ length: COUNT }, (_, index) => index),
  );
});
