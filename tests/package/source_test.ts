import assert from "node:assert/strict";
import { test } from "node:test";
import { code, imports, list, text } from "./source.ts";

test("code() blanks comments and literals and keeps positions", () => {
  const source = 'a("any"); // any\n/* any */ b(/any["/]/g, `any ${c({ d: `x` })} any`);\n';
  const blanked = 'a("   "); //    \n/* any */ b(/       /g, `    ${c({ d: ` ` })}    `);\n'
    .replace("//    ", "      ")
    .replace("/* any */", "         ");
  assert.equal(code(source), blanked);
});

test("code() takes a slash after a value for a division", () => {
  assert.equal(code('a / b / "c"'), 'a / b / " "');
});

test("imports() finds every form of import, and none in comments and strings", () => {
  const source = `
    import a, { b } from "./a.ts";
    import type { C } from "./c.ts";
    import { type D, type E } from "../d.ts";
    import { type F, f } from "f";
    import "./g.ts"; import type { G } from "./g.ts";
    export { h } from "./h.ts";
    export type { I } from "./i.ts";
    import {
      j,
    } from "node:j";
    // import k from "k";
    const text = 'import l from "l"';
    export const m = "m";
    const n = await import("./n.ts");
    type O = import("./o.ts").O;
    let p: typeof import("./p.ts");
    console.log(import.meta.url);
  `;
  const seen = imports("x/y.ts", source).map(({ kind, specifier, target }) => `${kind} ${target ?? specifier}`);
  assert.deepEqual(seen, [
    "value x/a.ts",
    "type x/c.ts",
    "type d.ts",
    "value f",
    "value x/g.ts",
    "type x/g.ts",
    "value x/h.ts",
    "type x/i.ts",
    "value node:j",
    "dynamic x/n.ts",
    "type x/o.ts",
    "type x/p.ts",
  ]);
});

test("R11 every class of errors is used: made by the module, or for handlers to return", () => {
  const files = list("{listener,engines,client,transports}.ts", "{src,adapters,auth,cli,tls}/**/*.ts");
  const all = files.map((file) => code(text(file))).join("\n");
  const classes = [...all.matchAll(/^export class (\w+) extends (?:WebSocketError|\w+Error)\b/gm)].map(
    ([, name]) => name ?? "",
  );
  assert.ok(classes.includes("PayloadTooLargeError") && classes.includes("AuthzError"), `${classes}`);
  const unused = classes.filter((name) => !new RegExp(`\\bnew ${name}\\(`).test(all));
  // What a handler returns, and one that this version does not raise.
  assert.deepEqual(unused.sort(), ["AuthnError", "AuthzError", "InvalidContinuationFrameError", "UpgradeError"]);
});
