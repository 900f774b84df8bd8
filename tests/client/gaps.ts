/**
 * What a transport of the client cannot do, said once for the suite.
 *
 * A test that names a gap still runs with that transport, and has to fail there: a fix upstream is noticed, and the row deleted.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";

/** The transports under test. */
export type TransportName = "ws" | "platform";

/** The runtimes that differ. */
export type RuntimeName = "node22" | "node24" | "node26" | "deno" | "bun";

/** Something that a transport cannot do. */
export interface Gap {
  readonly transport: TransportName;
  /** Where it cannot. @default everywhere */
  readonly on?: readonly RuntimeName[];
  /** What tests call it. */
  readonly key: string;
  /** What happens instead, as it was measured. */
  readonly reason: string;
  /** Where it would be mended. */
  readonly upstream: string;
}

/** Every gap that is known. */
export const gaps: readonly Gap[] = [
  {
    transport: "platform",
    key: "headers",
    reason: "The constructor of the standard takes no headers, and the 101 is not shown",
    upstream: "https://github.com/whatwg/websockets/issues/16",
  },
  {
    transport: "platform",
    key: "refusals",
    reason: "Why a handshake has failed is hidden, so the first failure is final and Retry-After is not seen",
    upstream: "https://websockets.spec.whatwg.org/#feedback-from-the-protocol",
  },
  {
    transport: "platform",
    key: "tls",
    reason: "The constructor of the standard takes no TLS options, and those of the runtimes differ",
    upstream: "https://websockets.spec.whatwg.org/#the-websocket-interface",
  },
  {
    transport: "platform",
    key: "ping",
    reason: "The standard has neither pings nor pongs, so there is no heartbeat",
    upstream: "https://github.com/whatwg/html/issues/3809",
  },
  {
    transport: "platform",
    key: "pause",
    reason: "The standard reads without end, so too many unread messages close with 1013",
    upstream: "https://websockets.spec.whatwg.org/#the-websocket-interface",
  },
  {
    transport: "platform",
    on: ["node22", "node24", "node26", "deno"],
    key: "terminate",
    reason:
      "A close that the server does not answer keeps its socket, and the process, for as long as the server likes",
    upstream: "https://websockets.spec.whatwg.org/#the-websocket-interface",
  },
  {
    transport: "platform",
    on: ["node22", "node24", "node26", "bun"],
    key: "letGo",
    reason:
      "The end that a server has told is told only once the server lets go of the connection, for which it is waited without end",
    upstream: "https://websockets.spec.whatwg.org/#the-websocket-interface",
  },
  {
    transport: "platform",
    on: ["node22", "node24", "node26"],
    key: "giveUp",
    reason: "A handshake that is given up ends its socket, and is asked for once more on another",
    upstream: "https://github.com/nodejs/undici/tree/main/lib/web/websocket",
  },
  {
    transport: "platform",
    on: ["deno"],
    key: "close1014",
    reason: "Deno takes close code 1014 of a server for a fault",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  ...["a wrong Sec-WebSocket-Accept", "no Sec-WebSocket-Accept"].map(
    (key): Gap => ({
      transport: "platform",
      on: ["deno"],
      key,
      reason: "Deno does not look at Sec-WebSocket-Accept",
      upstream: "https://github.com/denoland/fastwebsockets",
    }),
  ),
  {
    transport: "platform",
    on: ["deno"],
    key: "an extension that nobody asked for",
    reason: "Deno opens whatever extension the server names",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    transport: "platform",
    on: ["deno", "node22", "node24", "node26"],
    key: "server_max_window_bits=99",
    reason: "The parameter is not looked at, and the connection opens; a message then fails",
    upstream: "https://github.com/nodejs/undici/tree/main/lib/web/websocket",
  },
  {
    transport: "platform",
    on: ["deno"],
    key: "a masked frame",
    reason: "Deno accepts frames of a server that are masked",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    transport: "platform",
    on: ["deno"],
    key: "longControl",
    reason: "Deno takes close frames of over 125 bytes, and sends them back",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    transport: "platform",
    on: ["deno"],
    key: "brokenText",
    reason: "Deno delivers fragmented text that ends within a character, without that character",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    transport: "platform",
    on: ["node22", "node24", "node26"],
    key: "byteOrderMark",
    reason: "Node drops a byte order mark that a text begins with",
    upstream: "https://github.com/nodejs/undici/blob/main/lib/web/websocket/util.js",
  },
  {
    transport: "platform",
    on: ["deno"],
    key: "promptness",
    reason:
      "Deno sends the head of a frame of over 1024 bytes apart, and the rest when that is acknowledged, which takes the server 40 ms",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    transport: "platform",
    on: ["deno", "bun"],
    key: "1,000,000 fragments",
    reason:
      "A message that does not end is kept without a bound on its fragments, and its bytes are counted at the end",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
];

/** The runtime under the tests. */
export const runtime: RuntimeName = toRuntime();

/** Finds the gap that a test names, if the transport has it on this runtime. */
export function findGap(transport: TransportName, key: string | undefined): Gap | undefined {
  return gaps.find((gap) => gap.transport === transport && gap.key === key && (gap.on?.includes(runtime) ?? true));
}

/** Registers a test; where the transport has the gap that `key` names, `fn` must fail. A test has to fail within its own time. */
export function gapTest(
  transport: TransportName,
  key: string | undefined,
  title: string,
  fn: () => Promise<void>,
): void {
  const gap = findGap(transport, key);
  if (gap === undefined) {
    test(title, fn);
    return;
  }
  test(`${title} (gap: ${gap.key})`, async () => {
    const failed = await fn().then(
      () => false,
      () => true,
    );
    assert.ok(failed, `The gap "${gap.key}" of ${transport} on ${runtime} is closed: it was: ${gap.reason}`);
  });
}

function toRuntime(): RuntimeName {
  if ("Bun" in globalThis) return "bun";
  if (process.versions.deno !== undefined) return "deno";
  const major = Number.parseInt(process.versions.node, 10);
  return major < 24 ? "node22" : major < 26 ? "node24" : "node26";
}
