import assert from "node:assert/strict";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { root } from "../../scripts/root.ts";
import { runtime } from "../../scripts/runtimes.ts";
import { run } from "../../scripts/spawn.ts";
import { type Consumer, install, tsc } from "./packed.ts";
import { code, imports, text } from "./source.ts";

const manifest: { name: string; exports: Record<string, string> } = JSON.parse(text("deno.json"));
const entries = Object.entries(manifest.exports).map(([entry, source]) => ({
  specifier: `${manifest.name}${entry.slice(1)}`,
  source,
}));

// What TypeScript cannot name in the declarations of its user is an error there (TS2883).
const LIBRARY = `
  import { accept, closeFrame, Connections, Listener, upgrade } from "@switchboard/websocket";
  import { basicAuth, fileUserStore, jwtAuth, oauth2Introspection } from "@switchboard/websocket/auth";
  import { handlers } from "@switchboard/websocket/bun";
  import { Client, webSocketTransport } from "@switchboard/websocket/client";
  import { oauth2, selfSignedJwt } from "@switchboard/websocket/client/auth";
  import { run } from "@switchboard/websocket/client/run";
  import { contract } from "@switchboard/websocket/contract";
  import { handler } from "@switchboard/websocket/deno";
  import { upgrader } from "@switchboard/websocket/node";
  import * as testing from "@switchboard/websocket/testing";

  const app = { fetch: () => new Response() };
  export const service = upgrade(({ url }) => ({ onOpen: () => url }));
  export const listener = new Listener(9090);
  export const connections = new Connections();
  export const listening = upgrader(app);
  export const serving = handler(app);
  export const own = handlers(app);
  export const { fetch, websocket } = handlers(app);
  export const accepted = (socket: WebSocket) => accept(socket, {});
  export const frame = closeFrame(4000);
  export const basic = basicAuth({ users: [] });
  export const jwt = (secret: string) => jwtAuth({ algorithms: ["HS256"], secret });
  export const key = async (key: Parameters<typeof selfSignedJwt>[0]["key"]) => ({ key });
  export const introspection = oauth2Introspection;
  export const store = fileUserStore;
  export const tokens = [oauth2, selfSignedJwt] as const;
  export const transport = webSocketTransport();
  export const running = () => run("ws://localhost", () => ({}));
  type Schema = { "~standard": { version: 1; vendor: string; validate: (value: unknown) => { value: { price: number } } } };
  declare const schema: Schema;
  export const market = contract({
    dispatcherKey: "type",
    dispatcherStreamId: "id",
    messages: { order: { message: schema, reply: schema }, watch: { message: schema, reply: schema, stream: true } },
    pushes: { alert: schema },
  });
  export const trader = () => Client.connect("ws://localhost", { contract: market });
  export const ordered = async () => (await trader()).request("order", { price: 1 });
  export const watched = async () => (await trader()).stream("watch", { price: 1 });
  export const alerts = async () => (await trader()).pushes("alert");
  export const kit = testing;
`;

describe("the package, packed and installed,", () => {
  let consumer: Consumer;
  before(async () => {
    consumer = await install();
  });
  after(async () => {
    await consumer?.[Symbol.asyncDispose]();
  });

  for (const name of ["node22", "node26", "deno", "bun"]) {
    test(`exports from every entry point what the source does, on ${name}`, async () => {
      const file = `${consumer.folder}/import.mjs`;
      const names = entries.map(({ specifier }) => specifier);
      writeFileSync(
        file,
        `for (const name of ${JSON.stringify(names)}) console.log(name, Object.keys(await import(name)).sort().join());\n`,
      );
      const { kind, binary } = runtime(name);
      const args = kind === "deno" ? ["run", "-A", "--quiet", "--node-modules-dir=manual", file] : [file];
      const { code, output } = await run(binary, args, { cwd: consumer.folder, timeout: 30 });
      assert.equal(code, 0, output);
      const expected = entries.map(async ({ specifier, source }) => {
        const module: object = await import(`${root}/${source}`);
        return `${specifier} ${Object.keys(module).sort().join()}`;
      });
      assert.deepEqual(output.trim().split("\n"), await Promise.all(expected));
    });
  }

  test("installs the command switchboard", async () => {
    const { code, output } = await run(`${consumer.folder}/node_modules/.bin/switchboard`, ["hash-password", "--help"]);
    assert.equal(code, 0, output);
    assert.match(output, /^Usage: switchboard hash-password/);
  });

  test("writes the document of a contract that imports the package", async () => {
    const file = `${consumer.folder}/contract.mjs`;
    writeFileSync(
      file,
      `import { contract } from "${manifest.name}/contract";
const message = { "~standard": { version: 1, vendor: "own", validate: (value) => ({ value }) } };
export const market = contract({ dispatcherKey: "event", messages: { ask: { message } } });
export const toJsonSchema = () => ({ type: "object" });
`,
    );
    const command = `${consumer.folder}/node_modules/.bin/switchboard`;
    const { code, output } = await run(command, ["asyncapi", "contract.mjs"], { cwd: consumer.folder, timeout: 30 });
    assert.equal(code, 0, output);
    assert.equal(JSON.parse(output).info.title, "market");
  });

  test("holds the built files and the documents, and nothing else", () => {
    const files = globSync("**/*.*", { cwd: consumer.installed });
    const strange = files.filter((file) => !/^dist\/.+\.(?:js|d\.ts)$|^(?:package\.json|[A-Z]+\.md)$/.test(file));
    assert.deepEqual(strange, []);
    assert.ok(files.includes("dist/mod.js") && files.includes("dist/mod.d.ts"));
  });

  test("has modules and declarations that import built files only", () => {
    const files = globSync("dist/**/*.{js,d.ts}", { cwd: consumer.installed });
    const wrong = files
      .flatMap((file) => imports(file, readFileSync(`${consumer.installed}/${file}`, "utf8")))
      .filter(({ target }) => target !== undefined && !files.includes(target));
    assert.deepEqual(wrong, []);
  });

  test("has declarations that name neither @types nor a runtime's types", () => {
    const files = globSync("dist/**/*.d.ts", { cwd: consumer.installed });
    const wrong = files.flatMap((file) => {
      const source = readFileSync(`${consumer.installed}/${file}`, "utf8");
      const packages = imports(file, source).filter(({ target }) => target === undefined);
      return [
        ...packages
          .filter(({ specifier }) => !/^hono(?:\/|$)/.test(specifier))
          .map(({ specifier }) => `${file}: ${specifier}`),
        ...(source.match(/\/\/\/ *<reference.*|\bNodeJS\.\w+|@types\/[\w-]+/g) ?? []).map(
          (found) => `${file}: ${found}`,
        ),
      ];
    });
    assert.deepEqual(wrong, []);
  });

  test("has declarations that name no type of the DOM which the types of Node 22 and 24 lack", () => {
    const lacking =
      /\b(?:Add)?EventListener(?:Object|Options|OrEventListenerObject)?\b|\b(?:CloseEvent|CryptoKey(?:Pair)?|KeyAlgorithm|KeyUsage|JsonWebKey|BinaryType|BufferSource|BodyInit|HeadersInit)\b/;
    // What a user's compiler reads: all that the entry points lead to.
    const found = new Set(entries.map(({ source }) => `dist/${source.slice(2).replace(/\.ts$/, ".d.ts")}`));
    const wrong: string[] = [];
    for (const file of found) {
      const source = readFileSync(`${consumer.installed}/${file}`, "utf8");
      for (const { target } of imports(file, source))
        if (target !== undefined) found.add(target.replace(/\.js$/, ".d.ts"));
      for (const line of code(source).split("\n")) if (lacking.test(line)) wrong.push(`${file}: ${line.trim()}`);
    }
    assert.ok(found.size > entries.length);
    assert.deepEqual(wrong, []);
  });

  test("has names for all that a library of a user's infers from it, in declarations too", async () => {
    writeFileSync(`${consumer.folder}/library.ts`, LIBRARY);
    const flags = ["--declaration", "--emitDeclarationOnly", "--strict", "--module", "NodeNext", "--target", "ES2023"];
    const lib = ["--lib", "ESNext,DOM", "--types", ""];
    const { code, output } = await tsc([...flags, ...lib, "library.ts"], consumer.folder);
    assert.equal(code, 0, output);
  });

  for (const resolution of ["NodeNext", "bundler"]) {
    test(`type-checks for a user without @types, resolved as by ${resolution}`, async () => {
      const lines = entries.map(({ specifier }, index) => `export * as entry${index} from "${specifier}";\n`);
      writeFileSync(`${consumer.folder}/consumer.ts`, lines.join(""));
      const module = resolution === "bundler" ? "ESNext" : resolution;
      const flags = [
        "--noEmit",
        "--strict",
        "--exactOptionalPropertyTypes",
        "--target",
        "ES2023",
        "--lib",
        "ESNext,DOM",
      ];
      const how = ["--module", module, "--moduleResolution", resolution, "--types", ""];
      const { output } = await tsc([...flags, ...how, "consumer.ts"], consumer.folder);
      // What a dependency's own declarations lack is theirs.
      const ours = output.split("\n").filter((line) => /@switchboard|^consumer\.ts|^error/.test(line));
      assert.deepEqual(ours, []);
    });
  }
});
