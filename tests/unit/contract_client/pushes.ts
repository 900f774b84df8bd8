/** The typed client: what comes without having been asked for. */
import assert from "node:assert/strict";
import { Client } from "../../../entries/client.ts";
import { settle } from "../../../src/testing/settle.ts";
import { clientTest, market, open, Ready } from "./fixture.ts";

clientTest("pushes() gives every iterator each push from its creation on, and ends with the client", async () => {
  const pair = await open();
  const { client } = pair;
  await pair.say({ event: "alert", text: "too early" });
  const first = client.pushes("alert");
  await pair.say({ event: "alert", text: "one" });
  const second = client.pushes("alert");
  await pair.say({ event: "alert", text: "two" }, { event: "tick", data: 5 });
  assert.deepEqual([(await first.next()).value, (await first.next()).value], [{ text: "one" }, { text: "two" }]);
  assert.deepEqual((await second.next()).value, { text: "two" });
  assert.equal(client.droppedMessages, 2);
  await second.return?.();
  const waiting = first.next();
  await pair.say({ event: "alert", text: "three" });
  assert.deepEqual((await waiting).value, { text: "three" });
  await pair.say({ event: "alert", text: "four" });
  pair.socket.end(1001);
  await settle();
  assert.deepEqual((await first.next()).value, { text: "four" });
  assert.equal((await first.next()).done, true);
  assert.equal((await client.pushes("tick").next()).done, true);
  assert.equal(client.droppedMessages, 2);
});

clientTest("pushes() gives what has come with the connection, if it is called in the turn of connect()", async () => {
  const transport = new Ready('{"event":"alert","text":"Welcome"}', '{"event":"tick","data":1}');
  const client = await Client.connect("ws://localhost/", { transport, contract: market });
  // A connection would keep the process alive.
  const alive = setInterval(() => {}, 1000);
  const alerts = client.pushes("alert");
  await Promise.resolve();
  const ticks = client.pushes("tick");
  assert.deepEqual((await alerts.next()).value, { text: "Welcome" });
  assert.equal((await ticks.next()).value, 1);
  clearInterval(alive);
  await client.close(1000, "", 0);
});

clientTest("pushes() throws at a push that does not fit, and ends", async () => {
  const pair = await open();
  const alerts = pair.client.pushes("alert");
  await pair.say({ event: "alert", text: 5 }, { event: "alert", text: "fits" });
  await assert.rejects(alerts.next(), { name: "PayloadValidationError", message: /^Invalid push "alert": text: / });
  assert.equal((await alerts.next()).done, true);
  await pair.say({ event: "alert", text: "more" });
  assert.equal(pair.client.droppedMessages, 1);
});
