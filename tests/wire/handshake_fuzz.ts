/**
 * Random handshakes (promise I1): each header is right or wrong in one of several ways, in any order and case, cut at any byte. A model says
 * whether there is a connection.
 *
 *     FUZZ_SEED=123 FUZZ_RUNS=1 npm test -- wire     repeats the one that failed
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import type { EngineName, ServiceConfig } from "../../mod.ts";
import { findGap } from "../conformance/gaps.ts";
import { Random } from "../kit/random.ts";
import { ACCEPT, connect, HandshakeRefused, KEY } from "../kit/raw_client.ts";
import { type Define, PATIENCE, type WireServer } from "./harness.ts";

/** Handshakes at a time. */
const WIDTH = 8;

const config: ServiceConfig = { subProtocols: ["a", "b"] };

/** The lines of a header; none if it is left out. */
type Lines = readonly string[];

/** What a header may be: the first is the usual one. */
type Ways = readonly [name: string, right: readonly Lines[], wrong: readonly Lines[]];

const host = (port: number): string => `127.0.0.1:${port}`;

const waysOf = (port: number): readonly Ways[] => [
  ["Host", [[host(port)], ["app.example"]], [["a b"], ["x/y"], ["a@b"], ["["], [""], []]],
  [
    "Upgrade",
    [["websocket"], ["WebSocket"], ["websocket \t"]],
    [["h2c"], ["websocket, h2c"], ["websockets"], [""], []],
  ],
  [
    "Connection",
    [["Upgrade"], ["upgrade"], ["keep-alive, Upgrade"], ["keep-alive", "Upgrade"], [",Upgrade ,"]],
    [["close"], ["Upgraded"], ["keep-alive"], [""], []],
  ],
  ["Sec-WebSocket-Version", [["13"], ["13 "]], [["8"], ["013"], ["13, 13"], ["13", "13"], ["1 3"], [""], []]],
  [
    "Sec-WebSocket-Key",
    [[KEY], [`${KEY} `]],
    [["short"], [KEY, KEY], [`${KEY}, ${KEY}`], [KEY.slice(1)], [`${KEY}=`], [KEY.replace("Q=", "R=")], [""], []],
  ],
  ["Origin", [[]], [["null"], ["http://evil.example"], [`http://${host(port)}/`], ["app.example"], [""]]],
  ["Sec-WebSocket-Protocol", [[], ["a"], ["x, b"], ["x", "b"], ["x"]], [["a, a"], ["a b"], ["a", "a"], ["a,"], [""]]],
  ["Sec-WebSocket-Extensions", [[], ["permessage-deflate"], ["x; y=1, z"]], [["a, ;b"], ["="], ["a b"]]],
  ["Content-Length", [[]], [["5"]]],
];

/** Registers the tests. */
export function testHandshakeFuzz(engine: EngineName, define: Define): void {
  const runs = Number(process.env.FUZZ_RUNS ?? 400);
  const first = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
  define(
    `I1: ${runs} random handshakes are accepted if all of each is right, and only then`,
    { config },
    async (server) => {
      let next = 0;
      let accepted = 0;
      const work = async (): Promise<void> => {
        while (next < runs) {
          const seed = first + next++;
          const isAccepted = await shake(server, new Random(seed)).catch((error: unknown) => {
            throw new Error(`FUZZ_SEED=${seed} FUZZ_RUNS=1 fails: ${error instanceof Error ? error.message : error}`, {
              cause: error,
            });
          });
          if (isAccepted) accepted += 1;
        }
      };
      await Promise.all(Array.from({ length: WIDTH }, work));
      if (findGap(engine, "hostless") === undefined) assert.equal(server.peers.length, accepted);
      await server.lives();
    },
  );
}

async function shake(server: WireServer, random: Random): Promise<boolean> {
  const lines: string[] = [];
  let isRight = true;
  for (const [name, right, wrong] of waysOf(server.port)) {
    const isWrong = random.chance(0.12);
    isRight &&= !isWrong;
    const [usual = []] = right;
    const values = isWrong ? random.pick(wrong) : random.chance(0.7) ? usual : random.pick(right);
    const spelt = random.pick([name, name.toLowerCase(), name.toUpperCase()]);
    for (const value of values)
      lines.splice(random.integer(0, lines.length), 0, `${spelt}:${random.pick(["", " "])}${value}`);
  }
  const method = random.chance(0.95) ? "GET" : random.pick(["POST", "PUT", "OPTIONS"]);
  isRight &&= method === "GET";
  const raw = Buffer.from(`${method} / HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  const partSize = random.chance(0.7) ? raw.length : random.integer(20, 200);
  const status = await connect(server.port, { raw, partSize, patience: PATIENCE }).then(
    (client) => {
      client.destroy();
      assert.equal(client.response.header("sec-websocket-accept"), ACCEPT);
      assert.match(client.response.header("sec-websocket-protocol") ?? "a", /^[ab]$/);
      return 101;
    },
    (error: unknown) => {
      if (error instanceof HandshakeRefused) return error.response.status;
      throw error;
    },
  );
  const description = `${status} for ${JSON.stringify(raw.toString())}`;
  if (isRight) assert.equal(status, 101, description);
  // Where Host has a path in it, Deno asks for that.
  else assert.ok([400, 403, 404, 405, 426].includes(status), description);
  return isRight;
}
