/** R9 to R12: errors, in a process of their own, since what is promised is that it lives. */
import assert from "node:assert/strict";
import type { Caller, Service } from "../../../mod.ts";
import { HandshakeRefused, type RawClient } from "../../kit/raw_client.ts";
import { inProgram, type Program } from "./program.ts";
import { gate, type Subject, wait } from "./subject.ts";

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

let last = 0;

/** Lets one callback of one connection fail, and looks at what comes of it. */
async function fail(program: Program, name: keyof typeof triggers, way: string, report: string): Promise<void> {
  const text = `#${++last}#`;
  const title = `${name} ${way}, onError: ${report}`;
  const query = new URLSearchParams({ callback: name, way, report, text });
  const client = await program.connect(`${name === "onIdleTimeout" ? "/idle" : "/fail"}?${query}`);
  triggers[name](client);
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
}

export function errors(subject: Subject): void {
  // One program for several callbacks: to start one takes longer than all of its failures.
  const programs: readonly (readonly [gap: string | undefined, ...names: (keyof typeof triggers)[]])[] = [
    [undefined, "onOpen", "onTextMessage", "onBinaryMessage", "onMessage", "onIdleTimeout", "onClose"],
    ["ping", "onPing", "onPong"],
  ];
  for (const [gap, ...names] of programs) {
    const title = `R9 ${names.join(", ")} may fail in every way, with and without an onError, and the process lives`;
    subject.gapTest(gap, title, async () => {
      await inProgram(subject, async (program) => {
        const bystander = await program.connect("/echo");
        let lines = 0;
        for (const name of names) {
          await Promise.all(ways.flatMap((way) => reports.map((report) => fail(program, name, way, report))));
          // One line for each failure that nobody coped with, whatever was thrown.
          lines += ways.length * (reports.length - 1);
          await program.said.until(/^error /, lines);
          assert.equal(program.said.count(/^error /), lines, name);
          await bystander.send.text("still here");
          assert.equal(await bystander.message(), "still here");
        }
      });
    });
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
