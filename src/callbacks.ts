/**
 * Calls the callbacks of one service, and takes what they return, throw or reject with (R6, R7, R9).
 *
 * @module
 */

import type { Caller } from "./caller.ts";
import { INTERNAL_SERVER_ERROR } from "./close_frame.ts";
import { ConnectionError, isA, isError, toError } from "./errors.ts";
import { Failure } from "./failure.ts";
import { PING, type PONG } from "./inbox.ts";
import type { Intake } from "./intake.ts";
import { tellMisnamed } from "./misnamed.ts";
import type { Outbox } from "./outbox.ts";
import { isPromise, isStream, sendMessage, sendReply } from "./reply.ts";
import { ReplyStream } from "./reply_stream.ts";
import type { Service } from "./service.ts";
import { Streams } from "./stream.ts";

/** A callback runs, or its promise has not settled. */
export const BUSY = 1;
/** That callback is `onError`. */
const REPORTING = 2;

/**
 * The half of a connection that faces the service.
 *
 * Each callback begins with BUSY and ends, at once or when its promise settles, with a call of {@link released}. A half and not an object
 * of its own, for a server may hold a million connections.
 */
export abstract class Callbacks {
  /** The callbacks. */
  protected readonly service: Service;
  /** What the connection is doing, as bits; 0 is a connection that waits. */
  protected doing = 0;
  #streams: Streams | undefined;

  /** Takes the service of one connection. */
  constructor(service: Service) {
    this.service = service;
  }

  /** What the service speaks through. */
  abstract readonly caller: Caller;
  /** The sending half. */
  abstract readonly outbox: Outbox;
  /** What takes the messages instead of the service, if it has a contract or binds them. */
  protected abstract readonly intake: Intake | undefined;
  /** A callback has ended; the next may begin. */
  protected abstract released(): void;
  /** The last callback has ended. */
  protected abstract left(): void;

  /** Calls `onOpen`. */
  protected onOpen(): void {
    this.doing |= BUSY;
    try {
      this.#settle(this.service.onOpen?.(this.caller));
    } catch (error) {
      this.#threw(error);
    }
  }

  /** Calls `onTextMessage`, or `onMessage`. */
  protected onText(text: string): void {
    const { service, intake } = this;
    this.doing |= BUSY;
    try {
      if (intake !== undefined) this.#settle(intake.text(text));
      else if (service.onTextMessage !== undefined) this.#settle(service.onTextMessage(this.caller, text));
      else this.#settle(this.#onMessage(text));
    } catch (error) {
      this.#threw(error);
    }
  }

  /** Calls `onBinaryMessage`, or `onMessage`. */
  protected onBinary(data: Uint8Array<ArrayBuffer>): void {
    const { service, intake } = this;
    this.doing |= BUSY;
    try {
      if (intake !== undefined) this.#settle(intake.binary(data));
      else if (service.onBinaryMessage !== undefined) this.#settle(service.onBinaryMessage(this.caller, data));
      else this.#settle(this.#onMessage(data));
    } catch (error) {
      this.#threw(error);
    }
  }

  /** Tells whether there is an `onPing` or `onPong`; where it cannot be read, its turn tells of that. */
  protected hears(kind: typeof PING | typeof PONG): boolean {
    try {
      return (kind === PING ? this.service.onPing : this.service.onPong) !== undefined;
    } catch {
      return true;
    }
  }

  /** Calls `onPing` or `onPong`. */
  protected onControl(kind: typeof PING | typeof PONG, data: Uint8Array<ArrayBuffer>): void {
    const service = this.service;
    this.doing |= BUSY;
    try {
      this.#settle(kind === PING ? service.onPing?.(this.caller, data) : service.onPong?.(this.caller, data));
    } catch (error) {
      this.#threw(error);
    }
  }

  /** Calls `onIdleTimeout`, or closes with 1001. */
  protected onIdle(): void {
    const { service } = this;
    this.doing |= BUSY;
    try {
      if (service.onIdleTimeout !== undefined) return this.#settle(service.onIdleTimeout(this.caller));
    } catch (error) {
      return this.#threw(error);
    }
    void this.outbox.close(1001, "Idle timeout");
    this.#release();
  }

  /** Calls `onError` for what failed outside of a callback. */
  protected onFault(failure: Failure): void {
    this.doing |= BUSY;
    this.#report(failure);
  }

  /** Calls `onClose`, the last callback. */
  protected onClose(code: number, reason: string): void {
    try {
      const reply: unknown = this.service.onClose?.(this.caller, code, reason);
      if (isPromise(reply)) this.#awaitLast(reply);
      else this.#settleLast(reply);
    } catch (error) {
      this.#lastThrew(error);
    }
  }

  /** The streams that run. */
  get streams(): Streams {
    this.#streams ??= new Streams(this.outbox);
    return this.#streams;
  }

  /** Ends all streams and requests: the connection is closing. */
  protected cancelStreams(): void {
    if (this.#streams === undefined && this.intake === undefined) return;
    this.outbox.host.apart(() => {
      this.#streams?.cancel();
      this.intake?.closing();
    });
  }

  #onMessage(data: string | Uint8Array<ArrayBuffer>): unknown {
    const { service } = this;
    if (service.onMessage === undefined) tellMisnamed(this.outbox, service);
    return service.onMessage?.(this.caller, data);
  }

  // The common replies come first, allocate nothing, and are sent by a function so small that engines make it a part of who calls it.
  // To ask bytes what else they are would double what a binary message costs on V8.
  #settle(reply: unknown): void {
    if (typeof reply === "string" || reply instanceof Uint8Array) sendMessage(this.outbox, reply);
    else if (reply !== undefined && !this.#settleOther(reply)) return;
    this.#release();
  }

  // Returns whether the callback has ended.
  #settleOther(reply: unknown): boolean {
    if (isPromise(reply)) {
      this.#await(reply);
      return false;
    }
    if (isError(reply)) {
      this.#threw(reply);
      return false;
    }
    if (isStream(reply)) this.streams.run(reply, new ReplyStream(this.outbox));
    else sendReply(this.outbox, reply);
    return true;
  }

  #await(promise: PromiseLike<unknown>): void {
    const settled = (reply: unknown): void => {
      try {
        this.#settle(reply);
      } catch (error) {
        this.#threw(error);
      }
    };
    toPromise(promise).then(settled, (error: unknown) => this.#threw(error));
  }

  #awaitLast(promise: PromiseLike<unknown>): void {
    toPromise(promise).then(
      (reply) => this.#settleLast(reply),
      (error: unknown) => this.#lastThrew(error),
    );
  }

  // Nobody is left to reply to, but an error is an error.
  #settleLast(reply: unknown): void {
    if (isError(reply)) this.#lastThrew(reply);
    else this.left();
  }

  #lastThrew(thrown: unknown): void {
    this.#reportLast(thrown);
    this.left();
  }

  #release(): void {
    this.doing &= ~(BUSY | REPORTING);
    this.released();
  }

  #threw(thrown: unknown): void {
    this.#report(isA(thrown, Failure) ? thrown : toFault(thrown, "A callback failed"));
  }

  #report(failure: Failure): void {
    const { error } = failure;
    if (this.doing & REPORTING) return this.#fail(toFault(error, "onError failed"));
    this.doing |= REPORTING;
    try {
      if (this.service.onError !== undefined) return this.#settle(this.service.onError(this.caller, error));
    } catch (second) {
      return this.#fail(toFault(second, "onError failed"));
    }
    this.#fail(failure);
  }

  #fail({ error, line, frame }: Failure): void {
    const { host } = this.outbox;
    if (!this.outbox.isOpen && isOfTheEnd(error)) {
      host.logger.debug("A callback failed since its connection has ended", error);
    } else {
      if (line !== undefined) host.logger.error(line, error);
      if (frame !== undefined) void this.outbox.close(frame.statusCode, frame.reason);
    }
    this.#release();
  }

  #reportLast(thrown: unknown): void {
    const log = (error: unknown): void =>
      this.outbox.host.logger.error("A callback failed after the end", toError(error));
    const settled = (reply: unknown): void => {
      if (isError(reply)) log(reply);
    };
    try {
      if (this.service.onError === undefined) return log(thrown);
      const reply: unknown = this.service.onError(this.caller, toError(thrown));
      if (isPromise(reply)) toPromise(reply).then(settled, log);
      else settled(reply);
    } catch (error) {
      log(error);
    }
  }
}

// What a write of a caller that has left rejects with, and what was handed the signal. Much of that has an error of its own, and only its name in common.
function isOfTheEnd(error: Error): boolean {
  return error instanceof ConnectionError || error.name === "AbortError";
}

// A promise-like that is no promise may settle twice, and each time the next callback would begin.
function toPromise(reply: PromiseLike<unknown>): Promise<unknown> {
  return reply instanceof Promise ? reply : Promise.resolve(reply);
}

// The service is to blame: without an `onError` that copes it is logged, and the connection closed.
function toFault(thrown: unknown, what: string): Failure {
  return new Failure(toError(thrown), `${what}; the connection is closed with 1011`, INTERNAL_SERVER_ERROR);
}
