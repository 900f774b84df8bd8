/**
 * What an engine cannot do, said once for all suites.
 *
 * A test that names a gap still runs on that engine, and has to fail there: a fix upstream is noticed, and the row deleted.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { EngineName } from "../../mod.ts";

/** Something that an engine cannot do. */
export interface Gap {
  readonly engine: EngineName;
  /** Where the engine differs by the runtime under it; else it is so on all of them. */
  readonly runtime?: "node" | "deno" | "bun";
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
    engine: "deno",
    key: "ping",
    reason: "Deno's server sockets neither send pings nor tell of pings and pongs",
    upstream: "https://github.com/denoland/deno/issues/15430",
  },
  {
    engine: "deno",
    key: "terminate",
    reason: "Deno's server sockets cannot be cut, so a close that the peer does not answer keeps its socket",
    upstream: "https://github.com/denoland/deno/issues/27924",
  },
  {
    engine: "deno",
    key: "pause",
    reason: "Deno reads its server sockets without end, so a full inbox closes with 1013",
    upstream: "https://github.com/denoland/deno/tree/main/ext/websocket",
  },
  {
    engine: "deno",
    key: "partOfMessage",
    reason:
      "Deno's idle ping counts whole frames, so a message that is on its way for longer is lost with its connection",
    upstream: "https://github.com/denoland/deno/tree/main/ext/websocket",
  },
  {
    engine: "deno",
    key: "hostless",
    reason: "Deno lets a handshake without Host through, and it is refused only when the handler has answered",
    upstream: "https://github.com/denoland/deno/tree/main/ext/http",
  },
  {
    engine: "bun",
    key: "partOfMessage",
    reason: "Bun tells nothing of a message before it is whole",
    upstream: "https://github.com/oven-sh/bun",
  },
  {
    engine: "node",
    runtime: "bun",
    key: "partOfMessage",
    reason: "Bun's own ws tells nothing of a message before it is whole",
    upstream: "https://github.com/oven-sh/bun/blob/main/src/js/thirdparty/ws.js",
  },
  {
    engine: "deno",
    key: "messageLimit",
    reason: "Deno bounds a frame, not a message, and the bound cannot be set",
    upstream: "https://github.com/denoland/deno/issues/15809",
  },
  {
    engine: "deno",
    key: "largeFrames",
    reason: "Deno cuts the connection at a frame of 64 MiB or more, and the bound cannot be set",
    upstream: "https://github.com/denoland/deno/issues/15809",
  },
  {
    engine: "deno",
    key: "fragmentLimit",
    reason: "Deno takes any number of fragments",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    engine: "bun",
    key: "fragmentLimit",
    reason: "Bun takes any number of fragments whose bytes are within the limit",
    upstream: "https://github.com/oven-sh/bun/blob/main/packages/bun-uws/src/WebSocketProtocol.h",
  },
  {
    engine: "node",
    runtime: "bun",
    key: "fragmentLimit",
    reason: "Bun's own ws takes any number of fragments whose bytes are within the limit",
    upstream: "https://github.com/oven-sh/bun/blob/main/src/js/thirdparty/ws.js",
  },
  {
    engine: "deno",
    key: "descriptors",
    reason: "Deno keeps the socket of a peer that resets its connection while the upgrade is under way",
    upstream: "https://github.com/denoland/deno/tree/main/ext/http",
  },
  {
    engine: "deno",
    key: "reliableClose",
    reason: "Deno loses the close frame when the peer is sending at that moment",
    upstream: "https://github.com/denoland/deno/tree/main/ext/websocket",
  },
  {
    engine: "deno",
    key: "frameErrors",
    reason: "Deno cuts the connection at a bad frame and does not say why",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    engine: "deno",
    key: "unmasked",
    reason: "Deno accepts frames of a client that are not masked",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    engine: "deno",
    key: "close1014",
    reason: "Deno takes close code 1014 of a peer for a fault",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    engine: "node",
    runtime: "bun",
    key: "closeWaits",
    reason:
      "Bun's own ws has one time-out for all closes of a server, so connectionClosureTimeout bounds a longer one too",
    upstream: "https://github.com/oven-sh/bun/blob/main/src/js/thirdparty/ws.js",
  },
  {
    engine: "bun",
    key: "closeWaits",
    reason: "Bun ends TCP right behind its close frame and does not wait for the answer",
    upstream: "https://github.com/oven-sh/bun/blob/main/packages/bun-uws/src/WebSocket.h",
  },
  {
    engine: "bun",
    key: "earlyFrames",
    reason: "Bun answers 400 when frames arrive before an upgrade that is not decided at once",
    upstream: "https://github.com/oven-sh/bun/pull/38128",
  },
  {
    engine: "bun",
    key: "pipeline",
    reason: "Bun cuts the connection when anything arrives behind a request that is not answered yet",
    upstream: "https://github.com/oven-sh/bun/pull/38128",
  },
  {
    engine: "node",
    runtime: "bun",
    key: "pipeline",
    reason: "Bun's own node:http takes an upgrade behind a request that is not answered yet for an ordinary request",
    upstream: "https://github.com/oven-sh/bun/blob/main/src/js/node/_http_server.ts",
  },
  {
    engine: "deno",
    key: "upgradeBody",
    reason:
      "Deno answers an upgrade that announces a body, one of no bytes too, with a 400 of its own, without a body and before any handler",
    upstream: "https://github.com/denoland/deno/tree/main/ext/http",
  },
  {
    engine: "deno",
    key: "http10",
    reason: "Deno does not tell the version of HTTP, so an upgrade in HTTP/1.0 is accepted",
    upstream: "https://github.com/denoland/deno/tree/main/ext/http",
  },
  {
    engine: "deno",
    key: "headerLimit",
    reason: "Deno keeps the headers that are counted, so without maxHeaderSize its own bound holds, 64 KiB",
    upstream: "https://github.com/denoland/deno/issues/21047",
  },
  {
    engine: "bun",
    key: "http10",
    reason: "Bun does not tell the version of HTTP, so an upgrade in HTTP/1.0 is accepted",
    upstream: "https://github.com/oven-sh/bun",
  },
  {
    engine: "deno",
    key: "longControl",
    reason: "Deno takes pongs and close frames of over 125 bytes, and short pings with a long length",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    engine: "deno",
    key: "fragmentCount",
    reason: "Deno counts neither the fragments of a message nor their bytes",
    upstream: "https://github.com/denoland/deno/issues/15809",
  },
  {
    engine: "bun",
    key: "fragmentCount",
    reason: "Bun counts the bytes of a message and not its fragments; one without a byte is not kept",
    upstream: "https://github.com/oven-sh/bun/blob/main/packages/bun-uws/src/WebSocketProtocol.h",
  },
  {
    engine: "node",
    runtime: "bun",
    key: "fragmentCount",
    reason: "Bun's own ws has no maxFragments; a fragment without a byte is not kept",
    upstream: "https://github.com/oven-sh/bun/blob/main/src/js/thirdparty/ws.js",
  },
  {
    engine: "deno",
    key: "brokenText",
    reason: "Deno delivers fragmented text that ends within a character, without that character",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    engine: "bun",
    key: "slowHandshake",
    reason:
      "Bun ends a connection whose headers have not come after 12 s, without a response, and the time cannot be set",
    upstream: "https://github.com/oven-sh/bun/blob/main/packages/bun-uws/src/HttpContext.h",
  },
  {
    engine: "deno",
    key: "slowHandshake",
    reason: "Deno waits for ever for a request that does not arrive",
    upstream: "https://github.com/denoland/deno/tree/main/ext/http",
  },
  {
    engine: "deno",
    key: "halfEnd",
    reason: "Deno keeps the socket of a peer that has left until there is an answer",
    upstream: "https://github.com/denoland/deno/tree/main/ext/http",
  },
  {
    engine: "bun",
    key: "refusesFirst",
    reason:
      "Bun answers more than 16 KiB of address and headers, or more than 198 headers, with a 431 of its own, without a body",
    upstream: "https://github.com/oven-sh/bun/blob/main/packages/bun-uws/src/HttpParser.h",
  },
  {
    engine: "deno",
    key: "headersTooLarge",
    reason: "Deno answers more than 64 KiB or 128 headers with a 400 of its own, without a body",
    upstream: "https://github.com/denoland/deno/issues/21047",
  },
  {
    engine: "bun",
    key: "refusalsOfItsOwn",
    reason: "Bun answers what is no request by itself, without a body and without the headers of the listener",
    upstream: "https://github.com/oven-sh/bun/blob/main/packages/bun-uws/src/HttpErrors.h",
  },
  {
    engine: "deno",
    key: "refusalsOfItsOwn",
    reason: "Deno answers what is no request by itself, without a body and without the headers of the listener",
    upstream: "https://github.com/denoland/deno/tree/main/ext/http",
  },
  {
    engine: "deno",
    key: "mutualSsl",
    reason: "Deno.serve asks no client for a certificate",
    upstream: "https://github.com/denoland/deno/issues/26825",
  },
  {
    engine: "deno",
    key: "optionalClients",
    reason: "Deno.serve asks no client for a certificate",
    upstream: "https://github.com/denoland/deno/issues/26825",
  },
  {
    engine: "bun",
    key: "optionalClients",
    reason: "Bun.serve either lets no wrong certificate in, and nobody without one, or any, and does not tell of it",
    upstream: "https://github.com/oven-sh/bun/issues/14097",
  },
  {
    engine: "deno",
    key: "peerCertificate",
    reason: "Deno.serve shows no certificates of clients",
    upstream: "https://github.com/denoland/deno/issues/26825",
  },
  {
    engine: "bun",
    key: "peerCertificate",
    reason: "Bun.serve shows no certificates of clients",
    upstream: "https://github.com/oven-sh/bun/issues/14097",
  },
  {
    engine: "deno",
    key: "tlsVersions",
    reason: "Deno.serve speaks TLS 1.2 and 1.3, and neither can be turned off",
    upstream: "https://github.com/denoland/deno/issues/27617",
  },
  {
    engine: "deno",
    key: "tlsCiphers",
    reason: "Deno.serve has no option for the cipher suites",
    upstream: "https://github.com/denoland/deno/issues/27617",
  },
  {
    engine: "node",
    runtime: "deno",
    key: "tlsCiphers",
    reason: "node:tls of Deno accepts a list of cipher suites and does not keep it",
    upstream: "https://github.com/denoland/deno/issues/27617",
  },
  {
    engine: "deno",
    key: "tlsHandshakeTimeout",
    reason: "Deno.serve waits for a TLS handshake without end",
    upstream: "https://github.com/denoland/deno/tree/main/ext/net",
  },
  {
    engine: "bun",
    key: "tlsHandshakeTimeout",
    reason: "Bun.serve ends a TLS handshake after 12 s, which cannot be set",
    upstream: "https://github.com/oven-sh/bun/pull/33541",
  },
  {
    engine: "bun",
    key: "idleTls",
    reason: "Bun.serve ends no TLS connection that has asked for nothing when it stops, so that gracefulStop waits",
    upstream: "https://github.com/oven-sh/bun/pull/34961",
  },
  {
    engine: "deno",
    key: "tlsSessions",
    reason: "Deno.serve has no option for sessions, which can be resumed",
    upstream: "https://github.com/denoland/deno/tree/main/ext/net",
  },
  {
    engine: "node",
    runtime: "deno",
    key: "tlsSessions",
    reason: "node:tls of Deno takes sessionTimeout and secureOptions and does not keep them",
    upstream: "https://github.com/denoland/deno/tree/main/ext/node",
  },
  {
    engine: "deno",
    key: "compression",
    reason: "Deno's server sockets accept no extension",
    upstream: "https://github.com/denoland/fastwebsockets",
  },
  {
    engine: "node",
    runtime: "deno",
    key: "compression",
    reason: "On Deno ws delivers a message of corrupt compressed data as an empty one, so compression is off there",
    upstream: "https://github.com/denoland/deno/tree/main/ext/node/ops/zlib",
  },
];

/** The runtime under the tests. */
export const runtime: "node" | "deno" | "bun" =
  "Bun" in globalThis ? "bun" : process.versions.deno === undefined ? "node" : "deno";

/** Finds the gap that a test names, if the engine has it on this runtime. */
export function findGap(engine: EngineName, key: string | undefined): Gap | undefined {
  return gaps.find(
    (gap) => gap.engine === engine && gap.key === key && (gap.runtime === undefined || gap.runtime === runtime),
  );
}

/** Registers a test; where the engine has the gap that `key` names, `fn` must fail. A test has to fail within its own time. */
export function gapTest(engine: EngineName, key: string | undefined, title: string, fn: () => unknown): void {
  const gap = findGap(engine, key);
  if (gap === undefined) {
    test(title, async () => {
      await fn();
    });
    return;
  }
  test(`${title} (gap: ${gap.key})`, async () => {
    const failed = await attempt(fn);
    assert.ok(
      failed,
      `The gap "${gap.key}" of engine "${gap.engine}" is closed: remove it from gaps.ts. It was: ${gap.reason}`,
    );
  });
}

async function attempt(fn: () => unknown): Promise<boolean> {
  try {
    await fn();
    return false;
  } catch {
    return true;
  }
}
