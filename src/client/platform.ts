/**
 * The transport over the platform's `WebSocket`, its differences smoothed out.
 *
 * @module
 */

import { ConnectionError, InvalidHandshakeError, PayloadTooLargeError } from "../errors.ts";
import { sizeOf } from "./message.ts";
import type { Dial, Line, Transport, TransportSocket } from "./transport.ts";

/**
 * Makes a transport of a Web-standard `WebSocket`.
 *
 * @param standard The class, or one that behaves like it. @default the platform's
 */
export function webSocketTransport(standard?: typeof WebSocket): Transport {
  return {
    name: "platform",
    // Where there is none the client says so.
    dial: (dial, line) => lend(new (standard ?? WebSocket)(dial.url, [...dial.protocols]), dial, line),
  };
}

function lend(socket: WebSocket, { protocols, maxFrameSize }: Dial, line: Line): TransportSocket {
  let isOpen = false;
  let isOver = false;
  const close = (code?: number, reason?: string): void => {
    isOver ||= !isOpen;
    try {
      socket.close(code, reason);
    } catch {
      // All but Bun send 1000 and 3000-4999 only.
      socket.close();
    }
  };
  const end = (event: Event): void => {
    const { code, reason = "", message = reason } = Object(event);
    // On Node 22 no `close` follows the `error` of a handshake that failed.
    if (isOver || (isOpen && event.type !== "close")) return;
    isOver = true;
    // Deno tells 0 of a lost connection; Bun's message holds the URL, which may hold a token.
    if (isOpen) line.closed(code || 1006, reason);
    else
      line.refused(new ConnectionError(`Cannot connect: ${message.replace(/\S?wss?:\/\/\S+/g, "") || "unknown why"}`));
  };
  socket.binaryType = "arraybuffer";
  socket.onerror = socket.onclose = end;
  socket.onopen = () => {
    const { protocol } = socket;
    if (isOver) return;
    // Deno opens whatever the server has chosen.
    isOpen = protocols[0] ? protocols.includes(protocol) : !protocol;
    if (isOpen) return line.opened({ protocol });
    close();
    line.refused(
      new InvalidHandshakeError(protocol ? `Subprotocol "${protocol}" was not offered` : "No subprotocol was chosen", {
        status: protocol ? undefined : 101,
      }),
    );
  };
  socket.onmessage = ({ data }) => {
    if (isOver) return;
    const message = typeof data === "string" ? data : new Uint8Array(data);
    // A unit of UTF-16 has at most three bytes.
    if (message.length * 3 > maxFrameSize && sizeOf(message) > maxFrameSize) {
      isOver = true;
      close(1009);
      line.closed(1009, "", new PayloadTooLargeError("A message is over maxFrameSize"));
    } else line.message(message);
  };
  return {
    get readyState() {
      return socket.readyState;
    },
    get bufferedAmount() {
      // Not every platform tells.
      return socket.bufferedAmount || 0;
    },
    send: (data) => socket.readyState === 1 && socket.send(data),
    close,
    // Bun's has it.
    ...Object("terminate" in socket && { terminate: () => Object(socket).terminate() }),
  };
}
