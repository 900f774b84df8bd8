/** What `Bun.serve` would do to answers that are silent for long. Apart from the suite, for it takes as long as Bun waits, and no other runtime has such a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Hono } from "hono";
import { stream } from "hono/streaming";
import { bunGlobal } from "../../adapters/bun/runtime.ts";
import { Listener } from "../../mod.ts";

import { silent } from "./support.ts";

if (bunGlobal() !== undefined) {
  test("A7 Bun: an ordinary answer may take its time, before it begins and between its parts", async () => {
    // Longer than Bun's own time for it, 12 s.
    const pause = (): Promise<void> => wait(13_000);
    const app = new Hono();
    app.get("/late", async (c) => {
      await pause();
      return c.text("late");
    });
    app.get("/parts", (c) =>
      stream(c, async (parts) => {
        await parts.write("one ");
        await pause();
        await parts.write("two");
      }),
    );
    const listener = new Listener(app, { port: 0, engine: "bun", logger: silent() });
    await listener.start();
    try {
      const read = async (path: string): Promise<string> =>
        (await fetch(`http://127.0.0.1:${listener.port}${path}`)).text();
      assert.deepEqual(await Promise.all([read("/late"), read("/parts")]), ["late", "one two"]);
    } finally {
      await listener.immediateStop();
    }
  });
}
