/** A callback that others wait for is told of: who returns the promise of work that goes on would see nothing but silence. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../../mod.ts";
import { type Opened, open } from "./support.ts";

const WARNING = /^A callback has run for 10 s while its connection waits for it/;

const endless: Service = { onTextMessage: () => new Promise(() => {}) };

function warnings({ logger }: Opened): number {
  return logger.lines.filter(([level, message]) => level === "warn" && WARNING.test(message)).length;
}

test("a callback that has run for 10 s while messages wait is told of, once", async () => {
  const opened = open(endless);
  opened.connection.text("first");
  await opened.clock.advance(60);
  assert.equal(warnings(opened), 0, "nothing waits");
  opened.connection.text("second");
  await opened.clock.advance(9);
  assert.equal(warnings(opened), 0);
  await opened.clock.advance(4);
  assert.equal(warnings(opened), 1);
  opened.connection.text("third");
  await opened.clock.advance(60);
  assert.equal(warnings(opened), 1);
});

test("a callback that has run for 10 s since the peer left is told of", async () => {
  const opened = open(endless);
  opened.connection.text("first");
  await opened.clock.advance(60);
  opened.connection.closed(1001, "");
  await opened.clock.advance(9);
  assert.equal(warnings(opened), 0);
  await opened.clock.advance(4);
  assert.equal(warnings(opened), 1);
});

test("callbacks that are slow one after the other are not told of, nor is an onClose", async () => {
  const opened = open({
    onTextMessage: () => new Promise((resolve) => opened.clock.schedule(resolve, 8000)),
    onClose: () => new Promise(() => {}),
  });
  for (let i = 0; i < 5; i++) opened.connection.text(`${i}`);
  await opened.clock.advance(39);
  opened.connection.closed(1001, "");
  await opened.clock.advance(60);
  assert.equal(warnings(opened), 0);
});

test("nothing that waited behind an earlier callback counts for a later one", async () => {
  const opened = open({ onTextMessage: () => new Promise((resolve) => opened.clock.schedule(resolve, 6000)) });
  opened.connection.text("1");
  opened.connection.text("2");
  await opened.clock.advance(13);
  opened.connection.text("3");
  await opened.clock.advance(1);
  opened.connection.closed(1001, "");
  await opened.clock.advance(10);
  assert.equal(warnings(opened), 0);
});

test("a callback that waits for its own write to leave is not told of", async () => {
  const opened = open(
    {
      async onTextMessage(caller) {
        opened.socket.holds = true;
        await caller.writeBinaryMessage(new Uint8Array(100_000));
      },
    },
    { config: { writeTimeout: 1000 } },
  );
  opened.connection.text("first");
  opened.connection.text("second");
  await opened.clock.advance(60);
  assert.equal(warnings(opened), 0);
});
