/** The fault proxy of the tests, between the raw client and the raw server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accepting, echoing } from "../kit/answers.ts";
import { FaultProxy } from "../kit/fault_proxy.ts";
import { connect } from "../kit/raw_client.ts";
import { scoped } from "../kit/scoped.ts";
import { serve } from "../kit/raw_server.ts";

test("FaultProxy forwards, whole and in splits and late, and counts", () =>
  scoped(async (own) => {
    const server = own(await serve(echoing()));
    for (const options of [{}, { split: "bytes" }, { split: "random", seed: 3 }, { latency: 10 }] as const) {
      const proxy = own(await FaultProxy.open(server.port, options));
      const started = performance.now();
      const client = await connect(proxy.port);
      await client.send.text("over the wire");
      assert.equal(await client.message(), "over the wire");
      assert.equal(proxy.open, 1);
      const { up, down } = await proxy.link(1);
      assert.ok(up > 150 && down > 120, `${up} up, ${down} down`);
      if ("latency" in options) assert.ok(performance.now() - started >= 38, "four segments, each 10 ms late");
      await client.send.close(1000);
      assert.equal((await client.ended()).end, "fin");
      await proxy.until("the end", () => proxy.open === 0);
    }
  }));

test("FaultProxy cuts by RST, by FIN and after a number of bytes", () =>
  scoped(async (own) => {
    const server = own(await serve(echoing()));
    const proxy = own(await FaultProxy.open(server.port));
    const clients = [await connect(proxy.port), await connect(proxy.port)];
    proxy.cutAll();
    for (const client of clients) assert.equal((await client.ended()).end, "reset");
    for (const attempt of server.attempts) assert.equal((await attempt.ended()).end, "reset");
    const third = await connect(proxy.port);
    proxy.cutAll("fin");
    assert.equal((await third.ended()).end, "fin");
    assert.equal((await (await server.attempt(3)).ended()).end, "fin");
    proxy.down = true;
    await assert.rejects(connect(proxy.port), /lost before a response|ended before a response|ECONNRESET/);
    assert.equal(server.attempts.length, 3);

    const short = own(await FaultProxy.open(server.port, { cutAfter: 1000 }));
    const last = await connect(short.port);
    await last.send.text("0123456789".repeat(300));
    await last.ended();
    // Of the server, for a reset that comes with data in one go is an end to the reader of that (libuv, uv__stream_io).
    assert.equal((await (await server.attempt(4)).ended()).end, "reset");
    assert.ok((await short.link(1)).down < 5000);
  }));

test("FaultProxy ends one half, and stalls", () =>
  scoped(async (own) => {
    const server = own(await serve(accepting(undefined, { answersFin: false })));
    const proxy = own(await FaultProxy.open(server.port));
    const client = await connect(proxy.port, { answersFin: false });
    const attempt = await server.attempt(1);
    const link = await proxy.link(1);
    link.stall();
    await client.send.text("up");
    await attempt.send.text("down");
    await assert.rejects(client.frame(50), /Timeout/);
    assert.equal(attempt.messages.length, 0);
    link.flow();
    assert.equal(await client.message(), "down");
    assert.equal(await attempt.nextMessage(), "up");
    link.half("client");
    assert.equal((await client.ended()).end, "fin");
    await client.send.text("still sent");
    assert.equal(await attempt.nextMessage(), "still sent");
    assert.equal(link.isOpen, true);
    client.destroy();
  }));
