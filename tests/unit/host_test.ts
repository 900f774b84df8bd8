import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/clock.ts";
import { Host } from "../../src/host.ts";
import type { Service } from "../../src/service.ts";
import type { ServiceConfig } from "../../src/service_config.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { full, open, silent, toHost } from "./support.ts";

test("a host takes the runtime's time, when nothing else is given", () => {
  const host = new Host(full);
  const before = systemClock.now();
  const now = host.clock.now();
  assert.ok(before <= now && now <= systemClock.now());
  assert.equal(host.capabilities, full);
  assert.equal(host.stopping, false);
  assert.deepEqual(host.sweep.members, []);
});

test("a logger whose promise rejects disturbs nobody", async () => {
  const told: string[] = [];
  const fail = async (line: string): Promise<never> => {
    told.push(line);
    throw new Error("The log server is down");
  };
  const host = toHost({ debug: fail, info: fail, warn: fail, error: fail }, new FakeClock());
  host.logger.warn("a");
  host.logger.error("b");
  // A rejection that nobody handles is told to the process, and fails the test, a turn later.
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(told, ["a", "b"]);
});

test("a logger that throws disturbs nobody", () => {
  const told: string[] = [];
  const fail = (line: string): never => {
    told.push(line);
    throw new Error("The disk is full");
  };
  const host = toHost({ debug: fail, info: fail, warn: fail, error: fail }, new FakeClock());
  host.logger.debug("a");
  host.logger.info("b");
  host.logger.warn("c");
  host.logger.error("d");
  assert.deepEqual(told, ["a", "b", "c", "d"]);
});

test("warnOnce() tells the same line once, and others too", () => {
  const logger = silent();
  const host = toHost(logger, new FakeClock());
  for (const line of ["a", "b", "a"]) host.warnOnce(line);
  assert.deepEqual(logger.lines, [
    ["warn", "a"],
    ["warn", "b"],
  ]);
});

test("the members of the sweep are the connections whose onClose has not settled", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { host, connection, clock } = open({ onClose: () => promise });
  assert.equal(host.sweep.members.length, 1);
  connection.closed(1000, "");
  await clock.advance(0);
  assert.equal(host.sweep.members.length, 1);
  resolve();
  await clock.advance(0);
  assert.equal(host.sweep.members.length, 0);
});

test("R17 one timer serves all connections of a host, with whatever time-outs, messages and unsent bytes", async () => {
  const clock = new FakeClock();
  const host = toHost(silent(), clock);
  const service: Service = { onTextMessage: (_caller, text) => text, onIdleTimeout: () => undefined };
  const opened = Array.from({ length: 500 }, (_, i) => {
    const config: ServiceConfig = {
      idleTimeout: 1 + (i % 7),
      heartbeat: i % 2 === 0 ? false : { interval: 2, timeout: 1 },
      writeTimeout: 3,
    };
    return open(service, { host, config });
  });
  assert.equal(clock.pending, 1);
  for (const [i, { connection, socket, caller }] of opened.entries()) {
    connection.text("x");
    connection.binary(new Uint8Array(1));
    connection.ping(new Uint8Array(0));
    connection.pong(new Uint8Array(0));
    if (i % 10 !== 0) continue;
    socket.bufferedAmount = 100_000;
    void caller.writeBinaryMessage(new Uint8Array(70_000));
    assert.ok(caller.isOpen);
  }
  assert.equal(clock.pending, 1);
  for (let i = 0; i < 8; i++) {
    await clock.advance(0.3);
    assert.equal(clock.pending, 1);
  }
  for (const { connection } of opened) connection.closed(1006, "");
  assert.equal(clock.pending, 0);
});
