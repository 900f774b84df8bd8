/** L13, G12: a hostile server ends in an error and a back-off, and never in a crash. */
import assert from "node:assert/strict";
import { ConnectionClosureError, type WebSocketError } from "../../../entries/client.ts";
import { echoing } from "../../kit/answers.ts";
import { badFrames, badHandshakes, deflateBomb } from "../../kit/hostile.ts";
import type { RawServer } from "../../kit/raw_server.ts";
import { failure, type Scene, type Subject, soon } from "./subject.ts";

/** Answers of a status that is final. */
const FINAL = new Set(["a status of 200", "a redirect"]);

/** What keeps the process busy. */
const HEAVY = new Set(["a header of 1 MiB", "100,000 headers", "1,000,000 fragments", deflateBomb.name]);

/** Harm that other clients did not survive. */
const ADVISORIES: ReadonlyMap<string, string> = new Map([
  ["a length of 2^63", "CVE-2026-1528"],
  ["server_max_window_bits=99", "CVE-2026-2229"],
  [deflateBomb.name, "CVE-2026-1526"],
]);

export function hostile(subject: Subject): void {
  const register = (name: string, title: string, fn: (scene: Scene) => Promise<void>): void => {
    const advisory = ADVISORIES.get(name);
    const full = `L13 G12 ${title}${advisory === undefined ? "" : ` (${advisory})`}`;
    if (HEAVY.has(name)) subject.alone(name, full, fn);
    else subject.gapTest(name, full, fn);
  };

  for (const { name, answer } of badHandshakes) {
    register(name, `a server that answers the handshake with ${name} is an error`, async (scene) => {
      const server = await scene.serve([answer, answer, echoing()]);
      const handShakeTimeout = name === "a head that never ends" ? 0.4 : 4;
      const error = await failure(scene.connect(server, { handShakeTimeout }));
      assert.ok(["invalid_handshake", "connection_lost", "handshake_timed_out"].includes(error.code), error.code);
      // What a platform hides may have been a refusal for good.
      if (scene.transport === "platform" || FINAL.has(name)) return;
      const client = await scene.connect(server, { handShakeTimeout, retryConfig: soon });
      assert.equal(server.attempts.length, 3, server.describe());
      await client.writeTextMessage("well");
      assert.equal(await scene.within("an echo", client.readTextMessage()), "well");
    });
  }

  for (const { name, answer, codes } of [...badFrames, { ...deflateBomb, codes: [1009, 1002] }]) {
    register(name, `a server that sends ${name} is an error, and another attempt follows`, async (scene) => {
      const server = await scene.serve([answer, answer, echoing()]);
      const client = await scene.connect(server);
      const error = await ends(scene, client, server);
      assert.ok([1006, ...codes].includes(error.statusCode ?? 0), `${error.statusCode}`);
      // What the platform inflates takes it seconds.
      if (name === deflateBomb.name && scene.transport === "platform") return;
      await comesBack(scene, server);
    });
  }
}

type Connected = Awaited<ReturnType<Scene["connect"]>>;

async function ends(scene: Scene, client: Connected, server: RawServer): Promise<ConnectionClosureError> {
  const error: WebSocketError = await failure(scene.within("a read", client.readMessage()));
  assert.ok(error instanceof ConnectionClosureError, `${error.name}: ${error.message}`);
  assert.equal((await client.closed).code, error.statusCode);
  await (await server.attempt(1)).ended();
  return error;
}

async function comesBack(scene: Scene, server: RawServer): Promise<void> {
  const client = await scene.connect(server, { retryConfig: soon });
  await server.attempt(3);
  await client.writeTextMessage("well");
  assert.equal(await scene.within("an echo", client.readTextMessage()), "well");
}
