import assert from "node:assert/strict";
import { test } from "node:test";
import { wsTransport } from "../../adapters/ws/mod.ts";
import { ASYNCAPI_HELP } from "../../cli/asyncapi.ts";
import { CONNECT_HELP } from "../../cli/console/help.ts";
import * as module from "../../mod.ts";
import { pages, toPage, toTable, update } from "../../scripts/capabilities.ts";
import { webSocketTransport } from "../../src/client/platform.ts";
import { list, text } from "./source.ts";

const upgradePage = "docs/guide/upgrade.md";
const clientPage = "docs/guide/client.md";
const retryPage = "docs/guide/retry.md";
const asyncApiPage = "docs/guide/asyncapi.md";
const errorsPage = "docs/guide/closing-and-errors.md";

/** The first cell, without its backticks, and the others of each row of the table under a heading. */
function toRows(page: string, heading: string): string[][] {
  const section = text(page).split(`\n${heading}\n`)[1]?.split(/\n#+ /)[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  assert.notEqual(rows.length, 0, `${page} has no table under "${heading}"`);
  return rows.map((row) =>
    row
      .replaceAll("\\|", "\u0000")
      .split("|")
      .slice(1, -1)
      .map((cell) =>
        cell
          .replaceAll("\u0000", "|")
          .trim()
          .replace(/^`(.*)`$/, "$1"),
      ),
  );
}

/** Option and default of each member of an interface, as its comment says. */
function toOptions(file: string, name: string): string[][] {
  const body =
    text(file).split(`export interface ${name}`)[1]?.split(" {\n").slice(1).join(" {\n")?.split("\n}\n")[0] ?? "";
  const members = [...body.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:readonly )?(\w+)\??:/g)];
  assert.notEqual(members.length, 0, `${file} declares no ${name}`);
  return members.map(([, comment = "", option = ""]) => [option, /@default (.*?)\s*$/.exec(comment)?.[1] ?? "none"]);
}

for (const [file, name, page] of [
  ["src/service_config.ts", "ServiceConfig", upgradePage],
  ["src/listener_config.ts", "ListenerConfig", upgradePage],
  ["src/host_config.ts", "HostConfig", upgradePage],
  ["src/client/client_config.ts", "ClientConfig", clientPage],
  ["src/client/client_config.ts", "RetryConfig", retryPage],
  ["src/documents/options.ts", "DocumentOptions", asyncApiPage],
] as const) {
  test(`the table of ${name} has the options and defaults of ${file}`, () => {
    const table = toRows(page, `## ${name}`).map(([option, value]) => [option, value]);
    assert.deepEqual(table, toOptions(file, name));
  });
}

test("the tables of a contract have the options of src/contract/definition.ts", () => {
  const tables = toRows("docs/guide/contracts.md", "## The definition").map(([option]) => option);
  const declared = ["ContractDefinition", "MessageDefinition"].flatMap((name) =>
    toOptions("src/contract/definition.ts", name).map(([option]) => option),
  );
  assert.deepEqual(tables, declared);
});

test("the table of transports says what each can do", () => {
  const transports = [wsTransport, webSocketTransport(WebSocket)];
  const table = toRows(clientPage, "## Transports").map(([first = "", ...can]) => [first.match(/\w+/)?.[0], ...can]);
  const names = ["headers", "ping", "refusals"] as const;
  const expected = names.map((name) => [name, ...transports.map((transport) => (transport[name] ? "yes" : "no"))]);
  assert.deepEqual(table, expected);
});

test("the tree of errors is that of src/errors.ts, codes included", () => {
  const tree = toRows(errorsPage, "## Errors").map(([name, code, base]) => ({ name, code, base }));
  const classes = Object.values(module)
    .filter((value) => typeof value === "function")
    .filter((value) => value.prototype instanceof Error)
    .map((value) => {
      const error: unknown = Reflect.construct(value, [""]);
      assert.ok(error instanceof module.WebSocketError);
      return { name: value.name, code: error.code, base: Object.getPrototypeOf(value).name };
    });
  const byName = (a: { name: string | undefined }, b: { name: string | undefined }) =>
    `${a.name}` < `${b.name}` ? -1 : 1;
  assert.deepEqual(tree.sort(byName), classes.sort(byName));
});

test("the predefined close frames are those of src/close_frame.ts", () => {
  const frames = toRows(errorsPage, "## Close frames").map(([name, code, reason]) => [name, code, reason]);
  const declared = Object.entries(module).flatMap(([name, value]) =>
    typeof value === "object" && "statusCode" in value ? [[name, `${value.statusCode}`, value.reason]] : [],
  );
  assert.deepEqual(frames.sort(), declared.sort());
});

test("the tables of what the engines can do are those of ENGINE_CAPABILITIES", () => {
  assert.deepEqual(update(false), []);
});

test("the help of switchboard connect and asyncapi is that of the commands", () => {
  for (const help of [CONNECT_HELP, ASYNCAPI_HELP]) {
    assert.ok(text("docs/guide/command-line.md").includes(`\n\`\`\`text\n${help}\`\`\`\n`));
  }
});

test("a stale table is found, and a page without the markers refused", () => {
  const page = "# Page\n\n<!-- capabilities -->\nold\n<!-- /capabilities -->\n\nEnd\n";
  assert.equal(toPage(page), `# Page\n\n<!-- capabilities -->\n${toTable()}\n<!-- /capabilities -->\n\nEnd\n`);
  assert.throws(() => toPage("# Page\n"), SyntaxError);
  assert.throws(() => toPage(`${page}${page}`), SyntaxError);
  assert.ok(pages.includes("README.md"));
});

test("every link between the pages leads to a file, and every anchor to a heading", () => {
  const broken: string[] = [];
  for (const page of list("*.md", "docs/**/*.md")) {
    for (const [, target = ""] of text(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : new URL(path, `file:///${page}`).pathname.slice(1);
      const [found] = list(file);
      if (found === undefined) broken.push(`${page}: ${target}`);
      else if (anchor !== undefined && !toAnchors(text(found)).has(anchor)) broken.push(`${page}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

/** The anchors of a page's headings, as GitHub makes them. */
function toAnchors(source: string): Set<string> {
  const headings = [...source.matchAll(/^#+ (.*)$/gm)];
  return new Set(
    headings.map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
