/** What a raw server answers, kindly and unkindly. */
import type { Buffer } from "node:buffer";
import type { AcceptOptions, Attempt } from "./attempt.ts";
import { CLOSE, toClosePayload, toFrame } from "./frames.ts";
import type { Answer } from "./raw_server.ts";

/** Accepts, then does something. */
export function accepting(then?: (attempt: Attempt) => unknown, options: AcceptOptions = {}): Answer {
  return async (attempt) => {
    await attempt.accept(options);
    await then?.(attempt);
  };
}

/** Accepts and sends every message back. */
export function echoing(options: AcceptOptions = {}): Answer {
  return async (attempt) => {
    attempt.onMessage = (message) => void sendBack(attempt, message);
    await attempt.accept(options);
  };
}

/** Accepts and says nothing more: no pong, no answer to a close, no end of TCP. */
export function silentAfter(options: AcceptOptions = {}): Answer {
  return accepting(undefined, { answersClose: false, answersPings: false, answersFin: false, ...options });
}

/** Accepts and closes. Without a code the close frame is empty. */
export function closing(code?: number, reason = "", options: AcceptOptions = {}): Answer {
  return accepting((attempt) => attempt.send.close(code, reason), options);
}

/** Accepts, and closes in the segment of the 101. */
export function closingAtOnce(code?: number, reason = ""): Answer {
  const early = toFrame({ opcode: CLOSE, payload: toClosePayload(code, reason), mask: false });
  return async (attempt) => {
    await attempt.accept({ early });
    attempt.fin();
  };
}

/** Accepts and ends TCP without a close frame. */
export function dropping(how: "fin" | "reset"): Answer {
  return accepting((attempt) => attempt[how]());
}

/** Refuses with a status. */
export function refusing(status: number, headers: AcceptOptions["headers"] = {}, body = ""): Answer {
  return (attempt) => attempt.refuse(status, headers, body);
}

/** Accepts TCP and says nothing. */
export function saysNothing(): Answer {
  return () => {};
}

/** Ends TCP when the handshake has come, without an answer. */
export function hangingUp(how: "fin" | "reset"): Answer {
  return async (attempt) => {
    await attempt.requested();
    attempt[how]();
  };
}

/** Answers the handshake with bytes, and ends the connection. */
export function answering(bytes: string | Uint8Array): Answer {
  return async (attempt) => {
    await attempt.requested();
    await attempt.write(bytes);
    attempt.fin();
  };
}

/** Answers the handshake with a head that never ends: a header line of one letter every `interval` milliseconds. */
export function dripping(interval: number): Answer {
  return async (attempt) => {
    await attempt.requested();
    await attempt.write("HTTP/1.1 101 Switching Protocols\r\n");
    while (attempt.end === undefined) {
      await attempt.write("x: y\r\n");
      await new Promise((resolve) => {
        setTimeout(resolve, interval);
      });
    }
  };
}

function sendBack(attempt: Attempt, message: string | Buffer): Promise<void> {
  return typeof message === "string" ? attempt.send.text(message) : attempt.send.binary(message);
}
