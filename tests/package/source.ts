import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { root } from "../../scripts/root.ts";

/** An import of a file, as it is written. */
export interface Import {
  /** The file that imports. */
  readonly file: string;
  readonly specifier: string;
  /** The imported file, when the specifier is relative. */
  readonly target: string | undefined;
  /** `type` disappears when the types are stripped, `dynamic` is an `import()`. */
  readonly kind: "value" | "type" | "dynamic";
}

/** Lists the repository's files that match the patterns. */
export function list(...patterns: string[]): string[] {
  return globSync(patterns, { cwd: root, exclude: ["**/node_modules/**"] })
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

/** Lists the pages whose code is tested. */
export function listPages(): string[] {
  return list("README.md", "docs/**/*.md");
}

/** Reads a file of the repository. */
export function text(file: string): string {
  return readFileSync(`${root}/${file}`, "utf8");
}

/**
 * Blanks comments and the contents of literals, and keeps every position, so that a rule about code can be a pattern.
 * Code between `${` and `}` stays.
 */
export function code(source: string): string {
  let out = "";
  let at = 0;
  // A template literal waits here with the depth of braces at which it goes on.
  const templates: number[] = [];
  let depth = 0;
  const blank = (end: number) => {
    out += source.slice(at, end).replace(/[^\n]/g, " ");
    at = end;
  };
  const template = () => {
    const rest = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*/y;
    rest.lastIndex = at;
    blank(at + (rest.exec(source)?.[0].length ?? 0));
    const opens = source.startsWith("${", at);
    out += opens ? "${" : (source[at] ?? "");
    at += opens ? 2 : 1;
    if (opens) templates.push(depth);
  };
  while (at < source.length) {
    const rest = source.slice(at, at + 2);
    const character = rest[0] ?? "";
    if (rest === "//") blank(end(source, /\n|$/g, at));
    else if (rest === "/*") blank(end(source, /\*\/|$/g, at, true));
    else if (character === '"' || character === "'") {
      const close = end(source, character === '"' ? /(?:\\[\s\S]|[^\\"])*/y : /(?:\\[\s\S]|[^\\'])*/y, at + 1, true);
      out += character;
      at += 1;
      blank(close);
      out += character;
      at += 1;
    } else if (character === "/" && /(?:^|[=(,:;!&|?{}[\n]|return|=>)\s*$/.test(out.slice(-40))) {
      const close = end(source, /(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])*/y, at + 1, true);
      out += "/";
      at += 1;
      blank(close);
      out += "/";
      at += 1;
    } else if (character === "`") {
      out += "`";
      at += 1;
      template();
    } else if (character === "}" && templates.at(-1) === depth) {
      templates.pop();
      out += "}";
      at += 1;
      template();
    } else {
      if (character === "{") depth += 1;
      if (character === "}") depth -= 1;
      out += character;
      at += 1;
    }
  }
  return out;
}

function end(source: string, pattern: RegExp, from: number, after = false): number {
  pattern.lastIndex = from;
  const match = pattern.exec(source);
  if (match === null) return source.length;
  return match.index + (after ? match[0].length : 0);
}

/** What may import modules whose names are not known beforehand: those of a user. */
const LOADER = /^(?:dist\/)?cli\/asyncapi\/load_module\.[jt]s$/;

/** Lists what a file imports and re-exports: statements, `import()` expressions and `import()` types. */
export function imports(file: string, source: string = text(file)): Import[] {
  const found: Import[] = [];
  const bare = code(source);
  const add = (start: number, kind: Import["kind"]) => {
    const specifier = /["'`]([^"'`]*)["'`]/y;
    specifier.lastIndex = start;
    const name = specifier.exec(source)?.[1];
    if (name === undefined && LOADER.test(file)) return;
    if (name === undefined) throw new SyntaxError(`${file} imports what is not a literal`);
    const target = name.startsWith(".") ? posix.join(posix.dirname(file), name) : undefined;
    found.push({ file, specifier: name, target, kind });
  };
  // `import x from "…"`, `import type { x } from "…"`, `export { x } from "…"`, `import "…"`
  const statement = /(?<=^|;)[ \t]*(import|export)\b(?![ \t]*[.(])([^;"'=]*?)(?:\bfrom\s*)?(?=["'])/gm;
  for (const match of bare.matchAll(statement)) {
    const [whole, keyword, clause = ""] = match;
    if (keyword === "export" && !/\bfrom\s*$/.test(whole)) continue;
    add(match.index + whole.length, isType(clause) ? "type" : "value");
  }
  for (const match of bare.matchAll(/\bimport\s*\(\s*/g)) {
    const before = bare.slice(0, match.index);
    // In a type, `import()` follows `typeof`, `:`, `<`, `|` or `=` of an alias; a value is awaited, returned or passed.
    const inType = /(?:\btypeof|[:<|&])\s*$/.test(before) || /\btype\s+\w+(?:<[^=]*>)?\s*=\s*$/.test(before);
    add(match.index + match[0].length, inType ? "type" : "dynamic");
  }
  return found;
}

/** `type { a }`, and `{ type a, type b }`, hold nothing at run time. */
function isType(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*$/.exec(clause.replace(/\bfrom\s*$/, ""))?.[1]?.split(",");
  const listed = names?.map((name) => name.trim()).filter((name) => name !== "");
  return listed !== undefined && listed.length > 0 && listed.every((name) => name.startsWith("type "));
}
