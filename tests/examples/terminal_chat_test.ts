import assert from "node:assert/strict";
import { test } from "node:test";
import { Example, json } from "./example.ts";

test("terminal_chat.ts shows who is there and what is said, sends lines, and leaves at /quit", async (t) => {
  const chat = await Example.start(t, "chat/main");
  const ben = await chat.connect("/chat/Ben");
  await json(ben);
  const ann = await Example.start(t, "terminal_chat", { port: chat.port, args: ["Ann"], ready: /\n/ });
  assert.equal(ann.output, "* You joined as Ann. Here: Ben, Ann\n");
  assert.deepEqual(await json(ben), { type: "joined", name: "Ann" });
  ann.type("Hello Ben");
  assert.deepEqual(await json(ben), { type: "message", name: "Ann", text: "Hello Ben" });
  await ann.printed(/\nAnn: Hello Ben\n/);
  await ben.send.text("Hi\u001b[2J");
  await json(ben);
  await ann.printed(/\nBen: Hi \[2J\n/);
  ann.type("/quit");
  assert.equal(await ann.exited(), 0);
  assert.match(ann.output, /\nGoodbye\n$/);
  assert.deepEqual(await json(ben), { type: "left", name: "Ann" });
});

test("terminal_chat.ts goes on when the server is back, with the lines that were typed meanwhile", async (t) => {
  const chat = await Example.start(t, "chat/main");
  const ann = await Example.start(t, "terminal_chat", { port: chat.port, args: ["Ann"], ready: /You joined as Ann/ });
  await chat.stop("SIGTERM");
  await ann.printed(/\* The connection was closed with 1001.*Trying again in \d\.\d s\n/);
  ann.type("Typed in between");
  await ann.printed(/\* This waits for the connection\n/);
  await Example.start(t, "chat/main", { port: chat.port });
  await ann.printed(/\* You are back\. Here: Ann\n(?:.*\n)*Ann: Typed in between\n/);
  assert.equal(await ann.endInput(), 0);
  assert.match(ann.output, /\nGoodbye\n$/);
});

test("terminal_chat.ts ends at a signal, also while it waits for the server", async (t) => {
  const chat = await Example.start(t, "chat/main");
  const start = { port: chat.port, args: ["Ann"], ready: /You joined/ };
  const ann = await Example.start(t, "terminal_chat", start);
  const ben = await Example.start(t, "terminal_chat", { ...start, args: ["Ben"] });
  assert.equal(await ben.stop("SIGINT"), 0);
  await ann.printed(/\* Ben left\n/);
  await chat.stop("SIGTERM");
  await ann.printed(/Trying again/);
  // The connection is lost already, so there is none to be closed with 1000.
  assert.equal(await ann.stop("SIGTERM"), 1);
  assert.match(ann.output, /\nThe chat has ended: 1006 \n$/);
});

test("terminal_chat.ts says at once that a name is taken, or that there is no server", async (t) => {
  const chat = await Example.start(t, "chat/main");
  const taken = await chat.connect("/chat/Ann");
  await json(taken);
  const ann = await Example.start(t, "terminal_chat", { port: chat.port, args: ["Ann"], ready: /ended/ });
  assert.equal(await ann.exited(), 1);
  assert.equal(ann.output, "The chat has ended: 4409 This name is taken\n");
  await chat.stop("SIGKILL");
  const late = await Example.start(t, "terminal_chat", { port: chat.port, args: ["Ann"], ready: /Does the chat run/ });
  assert.equal(await late.exited(), 1);
});
