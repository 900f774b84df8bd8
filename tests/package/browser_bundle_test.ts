import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { root } from "../../scripts/root.ts";
import { runtime } from "../../scripts/runtimes.ts";
import { type Outcome, run } from "../../scripts/spawn.ts";

/** What an entry point became for a browser. */
interface Bundle {
  readonly code: string;
  /** The files of the package that are in it. */
  readonly files: readonly string[];
}

describe("a bundler, given the built package,", () => {
  let project: string;

  before(async () => {
    project = mkdtempSync(join(tmpdir(), "websocket-bundle-"));
    // No other package is there, so that a bundle that needs one fails.
    const installed = `${project}/node_modules/@switchboard/websocket`;
    mkdirSync(installed, { recursive: true });
    copyFileSync(`${root}/package.json`, `${installed}/package.json`);
    await must(run(process.execPath, [`${root}/scripts/build.ts`, `${installed}/dist`]));
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  test("makes of ./client a bundle for browsers that holds nothing of the server, of ws or of node:", async () => {
    const { code, files } = await bundle(project, "client");
    const strange = files.filter(
      (file) => !/^(?:client|transports|entries\/client|src\/(?:client\/)?\w+)\.js$/.test(file),
    );
    assert.deepEqual(strange, []);
    assert.ok(files.includes("client.js") && files.includes("src/client/platform.js"), files.join());
    assert.doesNotMatch(code, /\bnode:|\brequire\(|onTextMessage|upgradeTimeout|class Listener/);
  });

  test("makes of ./client at most 7,615 bytes, packed by gzip", async (t) => {
    const { code } = await bundle(project, "client");
    const length = pack(code);
    t.diagnostic(`${length} bytes`);
    // Why it is not less stands in docs/decisions/size-of-the-client.md.
    assert.ok(length <= 7615, `${length} bytes`);
  });

  test("makes of ./contract a bundle for browsers that holds nothing of the server", async () => {
    const { code, files } = await bundle(project, "contract");
    const shared = "bytes|callback_names|clock|errors|message|options|standard_schema|utf8";
    const room = new RegExp(`^(?:entries/contract|src/contract/(?:client/)?\\w+|src/(?:${shared}))\\.js$`);
    assert.deepEqual(
      files.filter((file) => !room.test(file)),
      [],
    );
    assert.ok(files.includes("src/contract/client/exchange.js"), files.join());
    assert.doesNotMatch(code, /\bnode:|\brequire\(|class Listener|upgradeTimeout|too_many_streams/);
  });

  test("makes of ./contract at most 7,250 bytes, packed by gzip, and less of it with ./client", async (t) => {
    const alone = pack((await bundle(project, "contract")).code);
    const both = pack((await bundle(project, "client", "contract")).code);
    t.diagnostic(`${alone} bytes, ${both} bytes with ./client`);
    assert.ok(alone <= 7250, `${alone} bytes`);
    assert.ok(both <= 13_750, `${both} bytes`);
  });

  test("fails when an entry point needs a package, as the server does", async () => {
    await assert.rejects(bundle(project, ""), /Could not resolve: "hono/);
  });
});

function pack(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}

async function bundle(project: string, ...entries: readonly string[]): Promise<Bundle> {
  const name = entries.join("-") || "server";
  const specifiers = entries.map((entry) => `@switchboard/websocket${entry && `/${entry}`}`);
  writeFileSync(`${project}/${name}.js`, specifiers.map((specifier) => `export * from "${specifier}";\n`).join(""));
  const out = ["--outfile", `${name}.min.js`, `--metafile=${name}.json`];
  const args = ["build", "--minify", "--target", "browser", ...out, `${name}.js`];
  await must(run(runtime("bun").binary, args, { cwd: project, timeout: 30 }));
  const { inputs }: { inputs: object } = JSON.parse(readFileSync(`${project}/${name}.json`, "utf8"));
  const files = Object.keys(inputs).flatMap((path) => path.split("/@switchboard/websocket/dist/")[1] ?? []);
  return { code: readFileSync(`${project}/${name}.min.js`, "utf8"), files };
}

async function must(ending: Promise<Outcome>): Promise<void> {
  const { code, output } = await ending;
  if (code !== 0) throw new Error(`A command exited with ${code}:\n${output}`);
}
