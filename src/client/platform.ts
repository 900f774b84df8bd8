/**
 * The transport over the platform's `WebSocket`, its differences smoothed out.
 *
 * @module
 */

import { ConnectionError, InvalidHandshakeError } from "../errors.ts";
import type { RuntimeSocket } from "../socket.ts";
import { isLongerThan } from "../utf8.ts";
import type { Dial, Line, Transport, TransportCapabilities } from "./transport.ts";

/** What Bun's `WebSocket` has beyond the standard. */
interface More {
  ping?(data: Uint8Array<ArrayBuffer>): void;
  pong?(data: Uint8Array<ArrayBuffer>): void;
  terminate?(): void;
  pause?(): void;
  resume?(): void;
  addEventListener(type: "ping" | "pong", listener: (event: MessageEvent<ArrayBuffer>) => void): void;
}

/**
 * Makes a transport of a Web-standard `WebSocket`. What it has beyond the standard (on Bun pings, `terminate` and pauses) is used.
 *
 * @param standard The class, or one that behaves like it. @default the platform's
 * @throws {ReferenceError} If the platform has none
 */
export function webSocketTransport(standard: typeof WebSocket = WebSocket): Transport {
  const has = (member: string): boolean => member in standard.prototype;
  const capabilities = {
    // A class of emitters has pings, but no standard events of them.
    ping: has("ping") && !has("on"),
    headers: false,
    refusals: false,
    terminate: has("terminate"),
    pause: has("pause"),
    compression: false,
    tls: false,
  };
  return {
    name: "platform",
    capabilities,
    dial: (dial, line) => lend(new standard(dial.url, [...dial.protocols]), dial, line, capabilities),
  };
}

const DIALLING = 0;
const OPEN = 1;
const OVER = 2;

function lend(
  socket: More & WebSocket,
  { protocols, maxFrameSize }: Dial,
  line: Line,
  { ping, pause, terminate }: TransportCapabilities,
): RuntimeSocket {
  let state = DIALLING;
  // Who gives up is not told of it. Node would tell inside `close()`.
  const giveUp = (): void => {
    if (!state) state = OVER;
  };
  const close = (code?: number, reason?: string): void => {
    giveUp();
    try {
      socket.close(code, reason);
    } catch {
      // All but Bun send 1000 and 3000-4999 only.
      socket.close();
    }
  };
  const refuse = (why: unknown): void => {
    if (state) return;
    state = OVER;
    // Bun's message holds the URL, which may hold a token.
    line.refused(new ConnectionError(`Cannot connect: ${String(why).replace(/\S+:\/\/\S+/g, "…")}`));
  };

  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    const { protocol } = socket;
    if (state) return;
    // Deno opens whatever the server has chosen.
    if (protocols[0] ? protocols.includes(protocol) : !protocol) {
      state = OPEN;
      return line.opened({ protocol });
    }
    close();
    line.refused(new InvalidHandshakeError(`The server chose the subprotocol "${protocol}", which was not offered`));
  };
  socket.onmessage = ({ data }) => {
    const isText = typeof data === "string";
    if (state !== OPEN) return;
    if (isText ? isLongerThan(data, maxFrameSize) : data.byteLength > maxFrameSize) {
      // The end is told at once, for the server need not answer.
      state = OVER;
      close(1009);
      line.failed(1009, undefined);
      line.closed(1006, "");
    } else if (isText) line.text(data);
    else line.binary(new Uint8Array(data));
  };
  // On Node 22 no `close` follows the `error` of a handshake that failed.
  socket.onerror = (event) => refuse(("message" in event && event.message) || "the platform does not tell why");
  socket.onclose = ({ code, reason }) => {
    refuse("closed");
    if (state === OPEN) {
      state = OVER;
      // Deno tells 0 of a lost connection.
      line.closed(code || 1006, reason);
    }
  };
  if (ping) {
    for (const kind of ["ping", "pong"] as const) {
      socket.addEventListener(kind, ({ data }) => {
        if (state === OPEN) line[kind](new Uint8Array(data));
      });
    }
  }

  return {
    get readyState() {
      return socket.readyState;
    },
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    send: (data) => socket.readyState === 1 && socket.send(data),
    close,
    ...(ping && { ping: (data) => socket.ping?.(data), pong: (data) => socket.pong?.(data) }),
    ...(pause && { pause: () => socket.pause?.(), resume: () => socket.resume?.() }),
    ...(terminate && {
      terminate: () => {
        giveUp();
        socket.terminate?.();
      },
    }),
  };
}
