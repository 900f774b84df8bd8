import assert from "node:assert/strict";
import { test } from "node:test";
import { type Import, imports, list } from "./source.ts";

const files = list(
  "mod.ts",
  "listener.ts",
  "engines.ts",
  "client.ts",
  "transports.ts",
  "{src,adapters,auth,cli,entries,page,tls}/**/*.ts",
);
const all = files.flatMap((file) => imports(file));

/** A room of the house: which files it is, and what they may import. */
interface Room {
  readonly name: string;
  has(file: string): boolean;
  allows(edge: Import, target: string): boolean;
  /** Whether packages and `node:` modules may be imported. */
  readonly bare: (specifier: string) => boolean;
}

const nothing = () => false;
const isIn =
  (...folders: string[]) =>
  (file: string) =>
    folders.some((folder) => file.startsWith(`${folder}/`));
const isSrc = isIn("src");
/** The parts of `./client/run`, which a browser's client never loads. */
const isRun = (file: string) => file.startsWith("src/client/run_");
/** The client's core. */
const isClient = (file: string) => isIn("src/client")(file) && !isRun(file);
const isContract = isIn("src/contract");
const isAsyncApi = isIn("src/asyncapi");

/** What the client and contracts share with the server. */
const shared: ReadonlySet<string> = new Set(
  [
    "bytes",
    "callback_names",
    "clock",
    "close_code",
    "errors",
    "http",
    "message",
    "options",
    "socket",
    "standard_schema",
    "utf8",
  ].map((name) => `src/${name}.ts`),
);

/** What auth and auth/client share. */
const browserSafe: ReadonlySet<string> = new Set([
  "auth/algorithms.ts",
  "auth/capped_fetch.ts",
  "auth/endpoint_options.ts",
  "auth/form.ts",
  "auth/key_fit.ts",
  "auth/record.ts",
  "auth/transport.ts",
  "auth/web_key.ts",
]);

const rooms: readonly Room[] = [
  { name: "src", has: isSrc, allows: (_, target) => isSrc(target), bare: nothing },
  ...["node", "bun", "deno", "ws"].map((engine) => ({
    name: `adapters/${engine}`,
    has: isIn(`adapters/${engine}`),
    allows: (_: Import, target: string) => isIn("src", `adapters/${engine}`)(target),
    bare: () => true,
  })),
  {
    name: "src/client",
    has: isClient,
    // What a browser loads: the client, and of the core only what is small and knows nothing of a server.
    allows: (_, target) => isClient(target) || shared.has(target),
    bare: nothing,
  },
  {
    name: "src/contract",
    has: isContract,
    // What a browser loads; of the server it knows types.
    allows: ({ kind }, target) =>
      isContract(target) || shared.has(target) || (kind === "type" && (isSrc(target) || isClient(target))),
    bare: nothing,
  },
  {
    name: "src/asyncapi",
    has: isAsyncApi,
    // Of the server it knows types and how credentials are checked, so that it runs wherever a contract does.
    allows: ({ kind }, target) =>
      isAsyncApi(target) ||
      isContract(target) ||
      shared.has(target) ||
      target === "src/credentials.ts" ||
      (kind === "type" && isSrc(target)),
    bare: nothing,
  },
  {
    name: "src/dispatch",
    has: isIn("src/dispatch"),
    // What the connection calls, and knows nothing of.
    allows: (_, target) => isSrc(target) && !isIn("src/client", "src/testing", "src/asyncapi")(target),
    bare: nothing,
  },
  { name: "src/client/run", has: isRun, allows: (_, target) => isSrc(target), bare: nothing },
  {
    name: "transports.ts",
    has: (file) => file === "transports.ts",
    // `ws` is loaded by those who need it, and never by a browser.
    allows: ({ kind }, target) =>
      isClient(target) || shared.has(target) || (isIn("adapters/ws")(target) && kind !== "value"),
    bare: nothing,
  },
  {
    name: "client.ts",
    has: (file) => file === "client.ts",
    allows: (_, target) => target === "transports.ts" || isClient(target) || shared.has(target),
    bare: nothing,
  },
  {
    name: "engines.ts",
    has: (file) => file === "engines.ts",
    // Engines are loaded when a listener starts, so that a program pays for the one it uses.
    allows: ({ kind }, target) => isSrc(target) || (isIn("adapters")(target) && kind !== "value"),
    bare: nothing,
  },
  {
    name: "listener.ts",
    has: (file) => file === "listener.ts",
    // TLS and the page are loaded by those who ask for them.
    allows: ({ kind }, target) =>
      isSrc(target) || target === "engines.ts" || (isIn("adapters", "page", "tls")(target) && kind !== "value"),
    bare: (specifier) => specifier === "hono" || specifier.startsWith("hono/"),
  },
  {
    name: "auth/client",
    has: isIn("auth/client"),
    // Of the server's auth only what runs in a browser.
    allows: (_, target) => isIn("src", "auth/client")(target) || browserSafe.has(target),
    bare: (specifier) => specifier === "jose",
  },
  {
    name: "auth",
    has: (file) => isIn("auth")(file) && !isIn("auth/client")(file),
    allows: (_, target) => isIn("src", "auth")(target),
    bare: (specifier) => specifier === "jose" || specifier.startsWith("node:"),
  },
  {
    name: "page",
    has: isIn("page"),
    // A text that is made of a document; loaded by those who serve it.
    allows: ({ kind }, target) => isIn("page")(target) || (isIn("src/asyncapi")(target) && kind === "type"),
    bare: nothing,
  },
  {
    name: "tls",
    has: isIn("tls"),
    allows: (_, target) => isIn("src", "tls")(target),
    bare: (specifier) => specifier.startsWith("node:"),
  },
  {
    name: "cli",
    has: isIn("cli"),
    // The client is loaded by the command that connects.
    allows: ({ kind }, target) => isIn("src", "auth", "cli")(target) || (target === "client.ts" && kind !== "value"),
    bare: (specifier) => specifier.startsWith("node:"),
  },
  {
    name: "entries",
    has: isIn("entries"),
    allows: ({ file }, target) =>
      file === "entries/contract.ts"
        ? isContract(target) || shared.has(target)
        : file === "entries/client.ts"
          ? target === "client.ts" || isClient(target) || shared.has(target)
          : ["listener.ts", "transports.ts"].includes(target) || isIn("src", "adapters")(target),
    bare: nothing,
  },
  {
    name: "mod.ts",
    has: (file) => file === "mod.ts",
    allows: (_, target) => target === "listener.ts" || isSrc(target),
    bare: nothing,
  },
];

test("every file lives in a room that has a rule", () => {
  const homeless = files.filter((file) => !rooms.some((room) => room.has(file)));
  assert.deepEqual(homeless, []);
});

for (const room of rooms) {
  test(`${room.name} imports only what its room may`, () => {
    const wrong = all.filter((edge) => room.has(edge.file) && !isAllowed(room, edge));
    assert.deepEqual(wrong.map(toText), []);
  });
}

test("./client/auth leads to no node: module and to no package but jose, types included", () => {
  const found = new Set(["auth/client/mod.ts"]);
  // A set that grows while it is walked is walked to its end.
  for (const file of found)
    for (const { target } of all.filter((edge) => edge.file === file)) if (target) found.add(target);
  const bare = all.filter(({ file, target }) => found.has(file) && target === undefined);
  assert.deepEqual([...new Set(bare.map(({ specifier }) => specifier))], ["jose"]);
});

test("every relative import names a file of the tree, with its .ts", () => {
  const known = new Set(files);
  const wrong = all.filter(({ target }) => target !== undefined && !known.has(target));
  assert.deepEqual(wrong.map(toText), []);
});

test("no imports go round in a circle, type-only ones included", () => {
  const next = Map.groupBy(all, ({ file }) => file);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [[...path.slice(path.indexOf(file)), file].join(" -> ")];
    if (done.has(file)) return [];
    const found = (next.get(file) ?? []).flatMap(({ target }) => (target ? visit(target, [...path, file]) : []));
    done.add(file);
    return found;
  };
  assert.deepEqual([...new Set(files.flatMap((file) => visit(file, [])))], []);
});

function isAllowed(room: Room, edge: Import): boolean {
  return edge.target === undefined ? room.bare(edge.specifier) : room.allows(edge, edge.target);
}

function toText({ file, specifier, kind }: Import): string {
  return `${file} imports ${specifier} (${kind})`;
}
