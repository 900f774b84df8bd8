/**
 * Drives one service over one socket: what arrives, in order, and the end.
 *
 * @module
 */

import { BUSY, Callbacks } from "./callbacks.ts";
import { Caller } from "./caller.ts";
import { ContractService, callbacksOf } from "./contract/contract_service.ts";
import { ContractCaller } from "./dispatch/contract_caller.ts";
import { Dispatcher } from "./dispatch/dispatcher.ts";
import { MessageBinder } from "./dispatch/message_binder.ts";
import { isA } from "./errors.ts";
import { after, TOKEN_EXPIRED } from "./expiry.ts";
import { type Failure, isFault, ofPeer } from "./failure.ts";
import type { Host } from "./host.ts";
import { type Arrival, BINARY, FAULT, Inbox, PING, PONG, STUCK, TEXT } from "./inbox.ts";
import type { Intake } from "./intake.ts";
import { BEAT, DROP_IT, isBeat, Liveness, PING_IT, shortestPeriod } from "./liveness.ts";
import { BACKLOGGED, CLEAR, CLOSING, DOWN, Outbox, type Owner } from "./outbox.ts";
import type { ConnectionDetails } from "./peer.ts";
import type { Service } from "./service.ts";
import type { ServiceRules } from "./service_config.ts";
import type { Connection, RuntimeSocket } from "./socket.ts";
import { isLongerThan } from "./utf8.ts";

// Beside BUSY and REPORTING of callbacks.ts.
const PUMPING = 4; // The loop over the inbox is on the stack.
const PAUSED = 8; // Reading is paused.
const GONE = 16; // The socket is down; `onClose` has yet to run.
const ENDING = 32; // `onClose` runs or has run.

/**
 * A service over a socket. Made by `Upgrade.open` and by `accept`.
 *
 * The socket, the rules and the host are read through the outbox, for each field is memory of every connection.
 */
export class ServiceConnection extends Callbacks implements Connection, Owner {
  /** What the service speaks through. */
  readonly caller: Caller;
  /** Belongs to the sweep. */
  place = -1;
  /** The sending half. */
  readonly outbox: Outbox;
  /** What takes the messages, if the service has a contract or binds them. */
  protected readonly intake: Intake | undefined;
  readonly #liveness: Liveness;
  #inbox: Inbox | undefined;
  #end: { readonly code: number; readonly reason: string } | undefined;
  #stopped: PromiseWithResolvers<void> | undefined;
  #unexpire: (() => void) | undefined;

  /** Joins a service and an open socket; `start` runs `onOpen`. */
  constructor(service: Service, socket: RuntimeSocket, rules: ServiceRules, host: Host, details: ConnectionDetails) {
    super(callbacksOf(service));
    host.sweep.join(this, shortestPeriod(rules, host));
    this.outbox = new Outbox(socket, rules, host, this);
    this.#liveness = new Liveness(host.sweep.now);
    if (isA(service, ContractService)) {
      this.caller = new ContractCaller(this, details, service, rules);
      this.intake = new Dispatcher(this, this.caller, service, rules);
      if (rules.message !== undefined) host.warnOnce("Option message has no effect on a service with a contract");
      return;
    }
    this.caller = new Caller(this.outbox, details);
    this.intake =
      rules.message === undefined
        ? undefined
        : new MessageBinder(this.outbox, this.caller, service, rules.message, rules.validation);
  }

  /** Takes what failed outside of a callback: `onError` learns of it in its turn. */
  report(failure: Failure): void {
    this.#queue({ kind: FAULT, data: failure });
  }

  /** Closes with 4401 when the principal's time has come, in milliseconds since the epoch. */
  expire(until: number): void {
    const close = (): void => void this.outbox.close(TOKEN_EXPIRED, "Token expired");
    this.#unexpire = after(this.outbox.host.clock, Math.max(0, until - Date.now()), close);
  }

  /** Runs `onOpen`; whatever arrives before it has settled waits (R1). */
  start(): void {
    this.onOpen();
  }

  /** A text message arrived. */
  text(data: string): void {
    if (this.#isFree() && !isLongerThan(data, this.outbox.rules.maxFrameSize)) this.onText(data);
    else if (!this.#overtakes(data)) this.#queue({ kind: TEXT, data });
  }

  /** A binary message arrived. */
  binary(data: Uint8Array<ArrayBuffer>): void {
    if (this.#isFree() && data.byteLength <= this.outbox.rules.maxFrameSize) this.onBinary(data);
    else this.#queue({ kind: BINARY, data });
  }

  /** A ping arrived, and has been answered. */
  ping(data: Uint8Array<ArrayBuffer>): void {
    this.#liveness.receivedAt = this.outbox.host.sweep.now;
    this.outbox.answered(data.byteLength);
    if (this.hears(PING)) this.#queue({ kind: PING, data });
  }

  /** A pong arrived. */
  pong(data: Uint8Array<ArrayBuffer>): void {
    if (this.outbox.rules.heartbeatInterval > 0 && isBeat(data)) return this.#liveness.beat(this.outbox.host.sweep.now);
    this.#liveness.receivedAt = this.outbox.host.sweep.now;
    if (this.hears(PONG)) this.#queue({ kind: PONG, data });
  }

  /** Unsent bytes have left. */
  drain(): void {
    if (this.outbox.drain()) this.outbox.host.apart(() => this.#pump());
  }

  /** The runtime found a fault: `onError` learns of it, then `onClose` when the socket is down. */
  failed(statusCode: number, cause: unknown): void {
    if (this.#end !== undefined || this.outbox.state >= CLOSING) return;
    if (!isFault(statusCode)) return;
    this.#end = { code: statusCode, reason: "" };
    this.#queue({ kind: FAULT, data: ofPeer(statusCode, cause, this.outbox) });
  }

  /** The socket is down. */
  closed(code: number, reason: string): void {
    if (this.doing & (GONE | ENDING)) return;
    this.#end = this.outbox.down(this.#end?.code ?? code, this.#end?.reason ?? reason);
    // `onClose` waits for the callback that runs; from now on the sweep looks whether it is stuck.
    if (this.doing & BUSY) this.#hold();
    this.doing |= GONE;
    this.#unexpire?.();
    this.outbox.host.admission?.closed(this);
    this.cancelStreams();
    this.#pump();
  }

  /** Our close has begun: what waits is forgotten (R21), and reading goes on so that the peer's answer is seen. */
  closing(): void {
    this.#inbox?.clear();
    this.cancelStreams();
    this.#resume();
  }

  /** Closes with 1001 for a listener that stops; resolves when the last callback has settled. */
  stop(timeout: number): Promise<void> {
    this.#stopped ??= Promise.withResolvers<void>();
    void this.outbox.close(1001, "", timeout === -1 ? -1 : timeout / 1000);
    return this.#stopped.promise;
  }

  /** Drops the connection; what waits is forgotten (R21). */
  drop(): void {
    this.#inbox?.clear();
    this.#cut();
  }

  /** Looks for what is overdue. */
  sweep(now: number): void {
    const { outbox } = this;
    // A callback may return the promise of work that goes on, as one from another library may; whoever wrote it would see nothing but silence.
    if (this.doing & BUSY && outbox.state !== BACKLOGGED && this.#inbox?.isStuck(now, (this.doing & GONE) !== 0)) {
      outbox.host.warnOnce(
        "A callback has run for 10 s while its connection waits for it: messages, or onClose. Return no promise of work that goes on",
      );
    }
    if (outbox.state === BACKLOGGED) {
      this.drain();
      outbox.closeIfStuck(now);
    }
    if (outbox.state !== CLEAR || this.doing & PAUSED) return this.#liveness.suspend(now);
    if (outbox.rules.heartbeatInterval > 0 && outbox.host.capabilities.ping) this.#beat(now);
    if (this.doing & BUSY) return this.#liveness.rouse(now);
    // Frames are stamped with a time that may be a tick old: better to find a connection idle a tick late than a tick early.
    const idle = this.#liveness.isIdle(now - outbox.host.sweep.lag, outbox.sentAt, outbox.rules);
    // A socket that could not take the ping may have ended.
    if (idle && outbox.state === CLEAR) this.onIdle();
  }

  /** A callback has ended. */
  protected released(): void {
    if (this.#inbox !== undefined || this.doing !== 0) this.#pump();
  }

  /** The last callback has ended. */
  protected left(): void {
    this.outbox.host.sweep.leave(this);
    this.#stopped?.resolve();
  }

  #beat(now: number): void {
    const verdict = this.#liveness.judge(now, this.outbox.rules, this.outbox.socket);
    if (verdict === PING_IT) this.outbox.socket.ping?.(BEAT);
    // What came before the silence is still handled.
    if (verdict === DROP_IT) this.#cut();
  }

  // Where the socket cannot be ended it is counted as down all the same.
  #cut(): void {
    if (this.outbox.state === DOWN) return;
    this.outbox.socket.terminate?.();
    this.outbox.host.apart(() => this.closed(1006, ""));
  }

  // Notes that something came; returns whether it can be handled at once.
  #isFree(): boolean {
    const { outbox } = this;
    this.#liveness.receivedAt = outbox.host.sweep.now;
    return this.doing === 0 && outbox.state === CLEAR;
  }

  #overtakes(text: string): boolean {
    if (this.intake === undefined || this.outbox.state >= CLOSING) return false;
    return !isLongerThan(text, this.outbox.rules.maxFrameSize) && this.intake.overtakes(text);
  }

  #queue(arrival: Arrival): void {
    if (this.outbox.state >= CLOSING) return;
    const inbox = this.#hold();
    const { bytes } = inbox;
    inbox.push(arrival);
    if (this.doing === 0 && this.outbox.state === CLEAR) this.#pump();
    else this.#bound(inbox, bytes);
  }

  #hold(): Inbox {
    if (this.#inbox !== undefined) return this.#inbox;
    this.outbox.host.sweep.heed(STUCK);
    this.#inbox = new Inbox();
    return this.#inbox;
  }

  // R19: at the mark reading pauses; where it cannot, the connection closes when far too much waits: not for one message that may be handled.
  #bound(inbox: Inbox, before: number): void {
    const { maxFrameSize, maxQueuedMessages, maxQueuedBytes } = this.outbox.rules;
    if (inbox.count < maxQueuedMessages && inbox.bytes < maxQueuedBytes) return;
    const isOne = before === 0 && inbox.bytes <= maxFrameSize;
    if (this.outbox.socket.pause !== undefined) {
      if ((this.doing & PAUSED) === 0) this.outbox.socket.pause();
      this.doing |= PAUSED;
    } else if (inbox.count >= 16 * maxQueuedMessages || (inbox.bytes >= maxQueuedBytes && !isOne)) {
      this.outbox.host.infoOnce(
        "Closed a connection with 1013: its messages came faster than they were handled, and this engine cannot pause. See options maxQueuedMessages and maxQueuedBytes",
      );
      void this.outbox.close(1013, "Too many unhandled messages");
    }
  }

  // A loop, for a call from each callback's end to the next would be as deep as the inbox.
  #pump(): void {
    if (this.doing & PUMPING) return;
    this.doing |= PUMPING;
    while ((this.doing & BUSY) === 0 && this.outbox.state !== BACKLOGGED) {
      const arrival = this.#inbox?.shift();
      if (arrival === undefined) break;
      this.#handle(arrival);
    }
    this.doing &= ~PUMPING;
    if (this.doing & PAUSED) this.#resumeIfRoom();
    if ((this.doing & (BUSY | GONE)) === GONE) this.#finish();
  }

  #handle(arrival: Arrival): void {
    if (arrival.kind === FAULT) return this.onFault(arrival.data);
    const { data } = arrival;
    if (arrival.kind === PING || arrival.kind === PONG) return this.onControl(arrival.kind, arrival.data);
    const size = this.outbox.rules.maxFrameSize;
    if (typeof data === "string") return isLongerThan(data, size) ? this.#tooLarge() : this.onText(data);
    return data.byteLength > size ? this.#tooLarge() : this.onBinary(data);
  }

  // R10: closed before `onError` can close otherwise, as where the runtime judges the size.
  #tooLarge(): void {
    void this.outbox.close(1009, "Message too big");
    this.onFault(ofPeer(1009, undefined, this.outbox));
  }

  #resumeIfRoom(): void {
    const { maxQueuedMessages, maxQueuedBytes } = this.outbox.rules;
    const { count, bytes } = this.#inbox ?? { count: 0, bytes: 0 };
    if (count * 2 <= maxQueuedMessages && bytes * 2 <= maxQueuedBytes) this.#resume();
  }

  #resume(): void {
    if ((this.doing & PAUSED) === 0) return;
    this.doing &= ~PAUSED;
    this.#liveness.suspend(this.outbox.host.sweep.now);
    this.outbox.socket.resume?.();
  }

  // R13: the last callback, once.
  #finish(): void {
    const { code, reason } = this.#end ?? { code: 1006, reason: "" };
    this.doing = ENDING | BUSY;
    this.onClose(code, reason);
  }
}
