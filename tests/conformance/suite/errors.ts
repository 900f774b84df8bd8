/** R9 to R12: errors, in a process of their own, since what is promised is that it lives. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  type Caller,
  ConnectionClosureError,
  ConnectionError,
  PayloadTooLargeError,
  type Service,
} from "../../../mod.ts";
import { connect, HandshakeRefused, type RawClient } from "../../kit/raw_client.ts";
import { gate, type Journal, type Subject, wait } from "./subject.ts";

const ways = [
  "throws",
  "throws a string",
  "throws what cannot be read",
  "rejects",
  "rejects later",
  "rejects with a string",
  "returns an Error",
  "resolves to an Error",
];
const reports = ["none", "replies", "throws", "throws a string", "rejects later", "returns an Error"];

type Name = keyof Service;

const triggers: Readonly<Record<Exclude<Name, "onError">, (client: RawClient) => unknown>> = {
  onOpen: () => {},
  onTextMessage: (client) => client.send.text("go"),
  onBinaryMessage: (client) => client.send.binary(Uint8Array.of(1)),
  onMessage: (client) => client.send.text("go"),
  onPing: (client) => client.send.ping("go"),
  onPong: (client) => client.send.pong("go"),
  onIdleTimeout: () => {},
  onClose: (client) => client.send.close(1000),
};

export function errors(subject: Subject): void {
  let last = 0;

  for (const [name, trigger] of Object.entries(triggers)) {
    const gap = name === "onPing" || name === "onPong" ? "ping" : undefined;
    subject.gapTest(
      gap,
      `R9 ${name} may fail in every way, with and without an onError, and the process lives`,
      async () => {
        await inProgram(subject, async (program) => {
          const bystander = await program.connect("/echo");
          const fail = async (way: string, report: string): Promise<void> => {
            const text = `#${++last}#`;
            const title = `${name} ${way}, onError: ${report}`;
            const query = new URLSearchParams({ callback: name, way, report, text });
            const client = await program.connect(`${name === "onIdleTimeout" ? "/idle" : "/fail"}?${query}`);
            trigger(client);
            if (name === "onClose") {
              const { code } = await client.ended();
              assert.equal(code, 1000, title);
              if (report !== "replies") await program.said.until(new RegExp(`^error .*${text}`));
              return;
            }
            if (report === "replies") {
              assert.equal(await client.message(), "handled", title);
              await client.send.close(1000);
              assert.equal((await client.ended()).code, 1000, title);
              await program.said.until(`close ${text} 1000`);
              assert.equal(program.said.count(new RegExp(`^error .*${text}`)), 0, title);
              return;
            }
            const { code, reason } = await client.ended();
            assert.deepEqual([code, reason], [1011, "Internal server error occurred"], title);
            await program.said.until(`close ${text} 1011`);
            await program.said.until(new RegExp(`^error .*${text}`));
            assert.equal(program.said.count(new RegExp(`^error .*${text}`)), 1, title);
          };
          await Promise.all(ways.flatMap((way) => reports.map((report) => fail(way, report))));
          // One line for each failure that nobody coped with, whatever was thrown.
          const lines = ways.length * (reports.length - 1);
          await program.said.until(/^error /, lines);
          assert.equal(program.said.count(/^error /), lines);
          await bystander.send.text("still here");
          assert.equal(await bystander.message(), "still here");
        });
      },
    );
  }

  subject.test("R9 an upgrade handler that fails is answered with 500, and the process lives", async () => {
    await inProgram(subject, async (program) => {
      const bystander = await program.connect("/echo");
      // An Error that is returned refuses; one that is thrown is a fault.
      for (const way of ways.filter((way) => !way.includes("an Error"))) {
        const refused = await refusal(program.connect(`/upgrade?${new URLSearchParams({ way, text: "#upgrade#" })}`));
        assert.equal(refused.status, 500, way);
        assert.doesNotMatch(refused.body, /secret/, way);
      }
      for (const json of ["null", "1", '"text"', "true"]) {
        const refused = await refusal(program.connect(`/answer?${new URLSearchParams({ json })}`));
        assert.equal(refused.status, 500, json);
      }
      await program.said.until(/^error An upgrade handler failed/, ways.length - 2 + 4);
      await bystander.send.text("still here");
      assert.equal(await bystander.message(), "still here");
    });
  });

  subject.test("R12 writes after the end that nobody awaits end no process", async () => {
    await inProgram(subject, async (program) => {
      for (let i = 0; i < 5; i++) {
        const client = await program.connect("/late");
        await client.ended();
      }
      await program.said.until("late ", 5);
      await program.connect("/echo");
      assert.equal(program.said.count(/^error/), 0);
    });
  });

  subject.test(
    "R9 onError is told the caller and the error itself, and what is no error becomes one with a cause",
    async () => {
      const thrown = new TypeError("on purpose");
      const heard: [Caller, Error][] = [];
      let caller: Caller | undefined;
      await subject.serve(
        () => ({
          onOpen(opened) {
            caller = opened;
          },
          onTextMessage(_caller, text) {
            throw text === "error" ? thrown : (text as unknown as Error);
          },
          onError(...args) {
            heard.push(args);
            return "told";
          },
        }),
        async ({ connect }) => {
          const client = await connect();
          for (const text of ["error", "text"]) {
            await client.send.text(text);
            assert.equal(await client.message(), "told");
          }
          assert.equal(heard[0]?.[0], caller);
          assert.equal(heard[0]?.[1], thrown);
          assert.ok(heard[1]?.[1] instanceof Error);
          assert.equal(heard[1]?.[1].cause, "text");
        },
      );
    },
  );

  subject.test("R9 the next message waits for an async onError", async () => {
    const told = gate<string>();
    await subject.serve(
      ({ journal }) => ({
        onTextMessage(_caller, text) {
          journal.add(text);
          if (text === "fail") throw new Error("on purpose");
          return text;
        },
        onError: () => told.promise,
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.send.text("fail");
        await client.send.text("next");
        await journal.until("fail");
        await wait(20);
        assert.deepEqual(journal.entries, ["fail"]);
        told.resolve("told");
        for (const text of ["told", "next"]) assert.equal(await client.message(), text);
      },
    );
  });

  subject.test("R9 after a failure nothing more is handled, and onClose is told 1011", async () => {
    await subject.serve(
      ({ journal }) => ({
        onTextMessage(_caller, text) {
          journal.add(text);
          throw new Error("on purpose");
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.send.text("first");
        await client.ended();
        await journal.until(/close/);
        assert.deepEqual(journal.entries, ["first", "close 1011"]);
      },
      { logs: /on purpose/ },
    );
  });

  const sizes: readonly [string, (client: RawClient, size: number) => Promise<void>][] = [
    ["text", (client, size) => client.send.text("a".repeat(size))],
    [
      "text of three bytes a character",
      (client, size) => client.send.text(`${"€".repeat(Math.floor(size / 3))}${"a".repeat(size % 3)}`),
    ],
    ["binary", (client, size) => client.send.binary(new Uint8Array(size))],
    [
      "fragments",
      async (client, size) => {
        await client.send.frame({ fin: false, payload: "a".repeat(600) });
        await client.send.frame({ fin: false, opcode: 0, payload: "" });
        await client.send.frame({ opcode: 0, payload: "a".repeat(size - 600) });
      },
    ],
  ];
  for (const [kind, send] of sizes) {
    for (const other of [1000, 100_000]) {
      const beside = other === 1000 ? "" : ", beside a service that takes more";
      subject.test(`R10 ${kind} of maxFrameSize passes, one byte more closes with 1009${beside}`, async () => {
        await subject.serve(
          ({ journal }) => ({
            onMessage: () => "passed",
            onError: (_caller, error) => journal.add(`${error instanceof PayloadTooLargeError && error.code}`),
            onClose: (_caller, code) => journal.add(`close ${code}`),
          }),
          async ({ connect, listener, journal }) => {
            await listener.immediateStop();
            listener.attach("/other", () => ({}), { maxFrameSize: other });
            await listener.start();
            const client = await connect();
            await send(client, 1000);
            assert.equal(await client.message(), "passed");
            await send(client, 1001);
            const { code } = await client.ended();
            assert.equal(code, 1009);
            await journal.until(/close/);
            assert.deepEqual(journal.entries, ["payload_too_large", "close 1009"]);
          },
          { config: { maxFrameSize: 1000 } },
        );
      });
    }
  }

  subject.test("R12 a write after the end is rejected with a ConnectionError whose code says why", async () => {
    const callers: Caller[] = [];
    await subject.serve(
      ({ journal }) => ({
        onOpen: (caller) => void callers.push(caller),
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const [closed, lost, ours] = [await connect(), await connect(), await connect()];
        await closed.send.close(4000);
        lost.destroy();
        void callers[2]?.close(4001);
        await journal.until(/close/, 3);
        await ours.ended();
        const codes = [ConnectionClosureError, ConnectionError, ConnectionClosureError];
        for (const [i, type] of codes.entries()) {
          const caller = callers[i] as Caller;
          for (const write of [
            () => caller.writeTextMessage(""),
            () => caller.writeBinaryMessage(new Uint8Array(1)),
            () => caller.writeMessage({}),
          ]) {
            await assert.rejects(write, (error: unknown) => {
              assert.ok(error instanceof ConnectionError);
              assert.equal(error.constructor, type);
              return true;
            });
          }
          assert.equal(caller.isOpen, false);
          assert.equal(caller.bufferedAmount, 0);
        }
      },
    );
  });

  subject.test("R12 a handler that awaits a write to a peer that has left makes no line in the log", async () => {
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(caller) {
          journal.add("begin");
          await new Promise((resolve) => caller.signal.addEventListener("abort", resolve));
          await caller.writeTextMessage("too late");
        },
        onClose: () => journal.add("closed"),
      }),
      async ({ connect, journal, log }) => {
        const client = await connect();
        await client.send.text("");
        await journal.until("begin");
        client.destroy();
        await journal.until("closed");
        assert.equal(log.count(/^error/), 0);
      },
    );
  });

  subject.test("R12 a write of the wrong type throws at once and sends nothing", async () => {
    await subject.serve(
      () => ({
        onTextMessage(caller) {
          assert.throws(() => caller.writeTextMessage(1 as never), TypeError);
          assert.throws(() => caller.writeBinaryMessage("a" as never), TypeError);
          assert.throws(() => caller.writeMessage(undefined), TypeError);
          assert.throws(() => caller.writeMessage(() => 1), TypeError);
          return "done";
        },
      }),
      async ({ connect }) => {
        const client = await connect();
        await client.send.text("");
        assert.equal(await client.message(), "done");
      },
    );
  });
}

interface Program {
  /** What it has said: "kind text". */
  readonly said: Journal;
  connect(path: string): Promise<RawClient>;
}

/** Runs the failing program, and fails if it ends before `use` has. */
async function inProgram(subject: Subject, use: (program: Program) => Promise<void>): Promise<void> {
  const file = fileURLToPath(new URL("./failing_program.ts", import.meta.url));
  const run = process.versions.deno === undefined ? [] : ["run", "-A", "--no-check"];
  const child = spawn(process.execPath, [...run, file, subject.engine], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  const clients: RawClient[] = [];
  try {
    const said = subject.journal();
    const died = listen(child, said);
    await Promise.race([said.until(/^port/), died]);
    const port = Number(said.entries.find((line) => line.startsWith("port"))?.slice(5));
    const open = async (path: string): Promise<RawClient> => {
      const client = await connect(port, { path, patience: subject.patience });
      clients.push(client);
      return client;
    };
    const used = use({ said, connect: open }).catch(async (error: unknown) => {
      // Its end says more than what was noticed of it.
      await Promise.race([died, wait(200)]);
      throw error;
    });
    await Promise.race([used, died]);
  } finally {
    for (const client of clients) client.destroy();
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
  }
}

/** Notes what a program says; rejects when it ends. */
function listen(child: ChildProcess, said: Journal): Promise<never> {
  const { promise, reject } = gate<never>();
  promise.catch(() => {});
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  child.once("exit", (code) => reject(new Error(`The program has ended with ${code}: ${stderr.slice(-2000)}`)));
  if (child.stdout === null) throw new Error("The program has no output");
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { kind, text } = JSON.parse(line) as { kind: string; text: string };
    said.add(`${kind} ${text}`);
  });
  return promise;
}

async function refusal(opened: Promise<unknown>): Promise<HandshakeRefused["response"]> {
  try {
    await opened;
  } catch (error) {
    if (error instanceof HandshakeRefused) return error.response;
    throw error;
  }
  throw new Error("The upgrade was not refused");
}
