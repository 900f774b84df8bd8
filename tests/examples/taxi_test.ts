import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawClient } from "../kit/raw_client.ts";
import { Example, json } from "./example.ts";

const from = { x: 0, y: 0 };
const to = { x: 4, y: 2 };

/** The next message, without what is the same in all. */
async function step(client: RawClient): Promise<unknown> {
  const { event, id, ...rest } = Object(await json(client));
  if (id === undefined) return { [event]: rest };
  return event === "request_ride" ? rest : { event, ...rest };
}

test("taxi/main.ts brings rider and driver together, gives a ride to one driver, and to another when that one is gone", async (t) => {
  const example = await Example.start(t, "taxi/main");
  const dora = await example.connect("/driver/Dora");
  const dave = await example.connect("/driver/Dave");
  // Both have joined.
  for (const client of [dora, dave]) {
    await client.send.text('{"event":"arrive","id":1}');
    assert.deepEqual(await step(client), { event: "error", code: "no_ride", message: "You are on no ride" });
  }
  const ann = await example.connect("/rider/Ann");
  await ann.send.text(JSON.stringify({ event: "request_ride", id: "a", from, to }));
  assert.deepEqual(await step(ann), { status: "searching", drivers: 2 });
  const offer = { offer: { ride: "r1", rider: "Ann", from, to } };
  assert.deepEqual([await step(dora), await step(dave)], [offer, offer]);

  await dora.send.text('{"event":"accept","id":2,"ride":"r1"}');
  assert.deepEqual(await step(dora), { event: "accept", rider: "Ann", from, to });
  assert.deepEqual(await step(ann), { status: "accepted", driver: "Dora" });
  assert.deepEqual(await step(dave), { withdrawn: { ride: "r1" } });
  await dave.send.text('{"event":"accept","id":2,"ride":"r1"}');
  assert.deepEqual(await step(dave), { event: "error", code: "taken", message: "Ride r1 is taken" });
  await dora.send.text('{"event":"position","x":1,"y":1}');
  assert.deepEqual(await step(ann), { status: "position", at: { x: 1, y: 1 } });

  // The driver is gone: the ride is offered to who is left.
  dora.destroy();
  assert.deepEqual(await step(ann), { status: "searching", drivers: 1 });
  assert.deepEqual(await step(dave), offer);
  await dave.send.text('{"event":"accept","id":3,"ride":"r1"}');
  assert.deepEqual(await step(dave), { event: "accept", rider: "Ann", from, to });
  assert.deepEqual(await step(ann), { status: "accepted", driver: "Dave" });
  await dave.send.text('{"event":"arrive","id":4}');
  assert.deepEqual(await step(dave), { event: "complete" });
  assert.deepEqual([await step(ann), await step(ann)], [{ status: "arrived" }, { event: "complete" }]);

  // A rider who cancels, and one who is gone.
  for (const [id, ride] of [
    ["b", "r2"],
    ["c", "r3"],
  ]) {
    await ann.send.text(JSON.stringify({ event: "request_ride", id, from, to }));
    assert.deepEqual(await step(ann), { status: "searching", drivers: 1 });
    assert.deepEqual(await step(dave), { offer: { ride, rider: "Ann", from, to } });
    if (id === "c") ann.destroy();
    else {
      await ann.send.text(JSON.stringify({ event: "cancel", id }));
      assert.deepEqual(await step(ann), { event: "complete" });
    }
    assert.deepEqual(await step(dave), { withdrawn: { ride } });
  }
  await dave.send.close(1000);
  await dave.ended();

  const server = `ws://localhost:${example.port}`;
  const driver = await Example.start(t, "taxi/drive", { args: ["Dora", server], ready: /waits/ });
  const rider = await Example.start(t, "taxi/ride", { args: ["Ben", server], ready: /has arrived/ });
  assert.equal(await rider.exited(), 0);
  assert.match(
    rider.output,
    /^Ben is looking for a driver, 1 are free\nDora comes\n(?:At [\d.]+, [\d.]+\n)+Ben has arrived\n$/,
  );
  await driver.printed(/^Dora waits for a ride\nDora drives Ben\nDora is free\n$/);
});
