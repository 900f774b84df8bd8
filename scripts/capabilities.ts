/**
 * Writes the table of what the engines can do, from `ENGINE_CAPABILITIES`, between the markers of README.md and docs/engines.md.
 *
 *     npx node scripts/capabilities.ts            writes
 *     npx node scripts/capabilities.ts --check    writes nothing, and fails when a table is stale
 */
import { readFileSync, writeFileSync } from "node:fs";
import { type Capabilities, ENGINE_CAPABILITIES } from "../src/capabilities.ts";
import { root } from "./root.ts";

/** The pages that hold the table. */
export const pages: readonly string[] = ["README.md", "docs/engines.md"];

// A record, so that the compiler notices a capability without a line.
const meanings: Readonly<Record<Exclude<keyof Capabilities, "engine" | "isTransport">, string>> = {
  ping: "`ping`: pings and pongs are sent by `caller.ping` and seen by `onPing`, `onPong`",
  terminate: "`terminate`: a connection can be cut, and so an unanswered close ends",
  pause: "`pause`: reading stops while too many messages wait; elsewhere the connection closes with 1013",
  drain:
    "`drain`: the runtime tells when unsent bytes have left; elsewhere the module looks, at first in each turn of the event loop, then every few milliseconds",
  messageLimit: "`messageLimit`: a message over `maxFrameSize` is refused before it fills the memory",
  reliableClose: "`reliableClose`: our close frame reaches a peer that is sending",
  frameErrors:
    "`frameErrors`: bad frames are answered with 1002 or 1007; elsewhere the connection is cut, or the frame taken",
  earlyFrames: "`earlyFrames`: frames sent before the 101 are kept while the upgrade handler waits",
  compression: "`compression`: permessage-deflate",
  tls: "`tls`: TLS, by `secureSocket`",
  mutualSsl: "`mutualSsl`: TLS with client certificates",
  peerCertificate: "`peerCertificate`: the certificate of a client is seen by `caller.peerCertificate`",
};

/** Makes the table. */
export function toTable(): string {
  const engines = Object.values(ENGINE_CAPABILITIES);
  const rows = Object.entries(meanings).map(([name, meaning]) => {
    const cells = engines.map((engine) => (has(engine, name) ? "yes" : "no"));
    return `| ${meaning} | ${cells.join(" | ")} |`;
  });
  const head = `| | ${engines.map(({ engine }) => `\`${engine}\``).join(" | ")} |`;
  return [head, `|---|${engines.map(() => "---|").join("")}`, ...rows].join("\n");
}

/**
 * Puts the table between the markers of a page.
 *
 * @throws {SyntaxError} If the page has not one pair of markers
 */
export function toPage(source: string): string {
  const parts = source.split(/<!-- (\/?)capabilities -->/);
  const [before, opens, , closes, after] = parts;
  if (parts.length !== 5 || opens !== "" || closes !== "/") {
    throw new SyntaxError("The page needs <!-- capabilities --> and <!-- /capabilities -->, once");
  }
  return `${before}<!-- capabilities -->\n${toTable()}\n<!-- /capabilities -->${after}`;
}

/** Writes the pages that are stale, or only finds them; returns their names. */
export function update(write: boolean): string[] {
  return pages.filter((page) => {
    const path = `${root}/${page}`;
    const source = readFileSync(path, "utf8");
    const updated = toPage(source);
    if (write && updated !== source) writeFileSync(path, updated);
    return updated !== source;
  });
}

function has(engine: Capabilities, name: string): boolean {
  return Object.entries(engine).some(([key, value]) => key === name && value === true);
}

if (import.meta.main) {
  const check = process.argv.includes("--check");
  const stale = update(!check);
  for (const page of stale)
    console.log(check ? `${page} is stale: run npx node scripts/capabilities.ts` : `Wrote ${page}`);
  if (check && stale.length > 0) process.exitCode = 1;
}
