/**
 * The transport over `ws`: what it needs to know of a dial, and what it can do.
 *
 * @module
 */

import type { Dial, Transport, TransportSocket } from "../../src/client/transport.ts";
import { LONGEST, nextTick } from "../../src/clock.ts";
import { toDeflatedLimit } from "../../src/compression.ts";
import { SslError } from "../../src/errors.ts";
import { toFragmentLimit } from "../../src/fragments.ts";
import { Carrier } from "./carrier.ts";
import type { FrameLine } from "./heartbeat.ts";
import { connect, onBun, onDeno, type WsOptions } from "./runtime.ts";
import { toTlsOptions } from "./tls.ts";

// Milliseconds. Bun does not tell that the server has closed, so one time bounds our closes and its. Elsewhere the core bounds ours.
const CLOSE_TIMEOUT_ON_BUN = 10_000;

// Answers that wait to leave, of at most 131 bytes each: a server that sends so many pings and reads none is dropped. The 60 of `ws` would be reached
// by an honest one whose pings were held up.
const MOST_PONGS = 16_384;

/**
 * The transport over `ws`, on Node, Deno and Bun. It can do all that a client may ask, but for compression on Deno.
 *
 * @example
 * ```ts
 * import { Client } from "@switchboard/websocket/client";
 *
 * export const client = await Client.connect("ws://localhost:9090/chat", { transport: "ws" });
 * ```
 */
export const wsTransport: Transport = {
  name: "ws",
  headers: true,
  ping: true,
  compression: !onDeno,
  refusals: true,
  dial,
};

function dial(dial: Dial, line: FrameLine): TransportSocket {
  try {
    return new Carrier(connect(dial.url, dial.protocols, toOptions(dial)), dial, line);
  } catch (error) {
    if (error instanceof SslError) return refuse(error, line);
    throw error instanceof TypeError ? error : new TypeError(toText(error), { cause: error });
  }
}

function toOptions({ headers = {}, maxFrameSize, compression = true, secureSocket }: Dial): WsOptions {
  const deflates = compression && !onDeno;
  return {
    headers,
    // `ws` holds a compressed message to the bound in both its forms.
    maxPayload: deflates ? toDeflatedLimit(maxFrameSize) : maxFrameSize,
    maxFragments: toFragmentLimit(maxFrameSize),
    maxPendingAutoPongs: MOST_PONGS,
    perMessageDeflate: deflates && { threshold: 0, clientNoContextTakeover: true, serverNoContextTakeover: true },
    followRedirects: false,
    skipUTF8Validation: false,
    closeTimeout: onBun ? CLOSE_TIMEOUT_ON_BUN : LONGEST,
    ...(secureSocket && toTlsOptions(secureSocket)),
  };
}

// A line is never called while `dial` runs.
function refuse(error: SslError, line: FrameLine): TransportSocket {
  let isGivenUp = false;
  const giveUp = (): void => {
    isGivenUp = true;
  };
  nextTick(() => {
    if (!isGivenUp) line.refused(error);
  });
  return { readyState: 3, bufferedAmount: 0, send: () => false, close: giveUp, terminate: giveUp };
}

function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
