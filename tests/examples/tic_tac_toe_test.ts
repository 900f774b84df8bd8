import assert from "node:assert/strict";
import { test } from "node:test";
import { type RawClient, request } from "../kit/raw_client.ts";
import { Example, json } from "./example.ts";

test("tic_tac_toe/main.ts serves its page, decides every move, lets others look on and take a seat that is left", async (t) => {
  const example = await Example.start(t, "tic_tac_toe/main");
  const { body } = await request(example.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(body, /^<!doctype html>[\s\S]*<\/html>\s*$/);

  const ann = await example.connect("/tables/main");
  await until(ann, ({ you, seated }) => you === "X" && `${seated}` === "X");
  assert.equal(await move(ann, 0), "alone");
  const ben = await example.connect("/tables/main");
  await until(ben, ({ you, seated }) => you === "O" && `${seated}` === "X,O");
  const eve = await example.connect("/tables/main");
  await until(eve, ({ you }) => you === "spectator");
  await until(ann, ({ spectators }) => spectators === 1);
  // Another table is another game.
  const other = await example.connect("/tables/other");
  await until(other, ({ you, spectators }) => you === "X" && spectators === 0);

  assert.equal(await move(ben, 0), "not_your_turn");
  assert.equal(await move(eve, 0), "spectator");
  for (const cell of [9, -1, 0.5, "0"]) assert.equal(await move(ann, cell), "invalid_message");
  assert.equal(await ask(ann, { event: "rematch" }), "not_over");
  assert.equal(await move(ann, 0), "complete");
  assert.equal(await move(ben, 0), "taken");
  for (const [player, cell] of [
    [ben, 3],
    [ann, 1],
    [ben, 4],
    [ann, 2],
  ] as const) {
    assert.equal(await move(player, cell), "complete");
  }
  assert.equal(await move(ben, 8), "over");
  for (const page of [ann, ben, eve]) {
    await until(page, ({ board, outcome, line }) => `${board}|${outcome}|${line}` === "X,X,X,O,O,,,,|X|0,1,2");
  }

  // Both want to play again, and the other one begins.
  assert.equal(await ask(ann, { event: "rematch" }), "complete");
  await until(ben, ({ rematch }) => `${rematch}` === "X");
  assert.equal(await ask(ben, { event: "rematch" }), "complete");
  await until(eve, ({ board, turn, rematch }) => `${board}|${turn}|${rematch}` === ",,,,,,,,|O|");
  assert.equal(await move(ann, 0), "not_your_turn");

  // A player is gone, and who has looked on goes on in that seat.
  ben.destroy();
  await until(eve, ({ seated }) => `${seated}` === "X");
  assert.equal(await ask(eve, { event: "sit" }), "complete");
  assert.equal(await move(eve, 4), "complete");
  await until(ann, ({ seated, board }) => `${seated}|${board}` === "X,O|,,,,O,,,,");
});

const ids = new WeakMap<RawClient, number>();

/** Sends a request and gives "complete", or the code of the error. The states that come before stay unread by `until`. */
async function ask(client: RawClient, message: object): Promise<unknown> {
  const next = (ids.get(client) ?? 0) + 1;
  ids.set(client, next);
  await client.send.text(JSON.stringify({ id: next, ...message }));
  const { code, event } = await read(client, ({ id }) => id === next);
  return code ?? event;
}

function move(client: RawClient, cell: unknown): Promise<unknown> {
  return ask(client, { event: "move", cell });
}

const newest = new WeakMap<RawClient, Record<string, unknown>>();

/** Waits for a state; the one that came last may be it. */
async function until(client: RawClient, fits: (state: Record<string, unknown>) => boolean): Promise<void> {
  const state = newest.get(client);
  if (state === undefined || !fits(state)) await read(client, ({ event, ...rest }) => event === "state" && fits(rest));
}

async function read(
  client: RawClient,
  fits: (frame: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  for (;;) {
    const frame = Object(await json(client));
    if (frame.event === "state") newest.set(client, frame);
    if (fits(frame)) return frame;
  }
}
