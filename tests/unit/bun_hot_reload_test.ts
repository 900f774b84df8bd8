/** What `bun --hot` does to connections that are open: it keeps their sockets, and loads the program and this module anew. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { bunGlobal } from "../../adapters/bun/runtime.ts";
import { connect } from "../kit/raw_client.ts";

const program = fileURLToPath(new URL("programs/hot_reload.ts", import.meta.url));

if (bunGlobal() !== undefined) {
  test("Bun: a hot reload leaves a connection to its service, and gives new ones the new", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hot-"));
    const changing = join(folder, "load.ts");
    writeFileSync(changing, "export const load = 1;\n");
    const child = spawn(process.execPath, ["--hot", program, changing], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const said = async (): Promise<Record<string, number>> => {
      const { done, value } = await lines.next();
      if (done) throw new Error("The program has ended");
      return JSON.parse(value);
    };
    // Bun may load more than once for one change, and see a file that is half written.
    const says = async (wanted: Record<string, number>): Promise<void> => {
      while (!isDeepStrictEqual(await said(), wanted));
    };
    try {
      const { port = 0 } = await said();
      const before = await connect(port);
      await before.send.text("a");
      assert.equal(await before.message(), "a 1");

      writeFileSync(changing, "export const load = 2;\n");
      await says({ load: 2, port });
      await before.send.text("b");
      assert.equal(await before.message(), "b 1");
      const after = await connect(port);
      await after.send.text("c");
      assert.equal(await after.message(), "c 2");

      await before.send.close(4000);
      await before.ended();
      await says({ load: 1, statusCode: 4000 });
      after.destroy();
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    }
  });
}
