/**
 * Close frames as values: what a callback returns to close its connection.
 *
 * @module
 */

import { checkClose } from "./close_code.ts";

/**
 * A close frame (RFC 6455, section 5.5.1). Returned from a callback, or yielded in a stream, it closes the connection.
 *
 * Made by {@link closeFrame} or one of the eight predefined frames; an object of the same shape is sent as JSON.
 */
export class CloseFrame {
  readonly #brand = true;
  /** The status code that goes on the wire. */
  readonly statusCode: number;
  /** The reason that goes on the wire, at most 123 bytes of UTF-8. */
  readonly reason: string;

  /** Makes a frame; {@link closeFrame} is the public way. */
  constructor(statusCode: number, reason: string) {
    checkClose(statusCode, reason);
    this.statusCode = statusCode;
    this.reason = reason;
  }

  /** Tells whether `value` is a close frame made by this module. */
  static is(value: object): value is CloseFrame {
    return #brand in value && value.#brand;
  }
}

/**
 * Makes a close frame.
 *
 * @param statusCode 1000-1003, 1007-1014 or 3000-4999 (RFC 6455, section 7.4)
 * @param reason At most 123 bytes of UTF-8. @default ""
 * @throws {RangeError} If the code cannot be sent or the reason is too long
 * @example
 * ```ts
 * import { closeFrame, type Service } from "@switchboard/websocket";
 *
 * export const service: Service = {
 *   onTextMessage: (_caller, text) => (text === "bye" ? closeFrame(4444, "Said bye") : text),
 * };
 * ```
 */
export function closeFrame(statusCode: number, reason = ""): CloseFrame {
  return new CloseFrame(statusCode, reason);
}

/** Closes with 1000: the purpose of the connection has been fulfilled. */
export const NORMAL_CLOSURE: CloseFrame = /* @__PURE__ */ closeFrame(1000);
/** Closes with 1001: the server is going down, or the page is left. */
export const GOING_AWAY: CloseFrame = /* @__PURE__ */ closeFrame(1001);
/** Closes with 1002: the peer broke the protocol. */
export const PROTOCOL_ERROR: CloseFrame = /* @__PURE__ */ closeFrame(1002, "Connection closed due to protocol error");
/** Closes with 1003: the kind of message is not accepted. */
export const UNSUPPORTED_DATA: CloseFrame = /* @__PURE__ */ closeFrame(1003, "Endpoint received unsupported frame");
/** Closes with 1007: the content of a message does not fit its type. */
export const INVALID_PAYLOAD: CloseFrame = /* @__PURE__ */ closeFrame(
  1007,
  "Payload does not match the expected format or encoding",
);
/** Closes with 1008: a message violates the policy of the service. */
export const POLICY_VIOLATION: CloseFrame = /* @__PURE__ */ closeFrame(1008, "Received message violates its policy");
/** Closes with 1009: a message is too big. */
export const MESSAGE_TOO_BIG: CloseFrame = /* @__PURE__ */ closeFrame(
  1009,
  "The received message exceeds the allowed size limit",
);
/** Closes with 1011: the service failed. */
export const INTERNAL_SERVER_ERROR: CloseFrame = /* @__PURE__ */ closeFrame(1011, "Internal server error occurred");
