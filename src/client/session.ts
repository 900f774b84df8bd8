/**
 * What a client does with one connection after another.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { ConnectionClosureError, ConnectionError } from "../errors.ts";
import { ClientCloseEvent, type ClientClosure, type ClientState, ReconnectingEvent } from "./client_events.ts";
import type { ClientRules } from "./client_rules.ts";
import { toClosure, toDialer } from "./dialer.ts";
import { guarded, type Message, rejected } from "./message.ts";
import { type Kind, type Step, toReadQueue } from "./read_queue.ts";
import type { Handshake, Transport, TransportSocket } from "./transport.ts";
import { toWriteQueue, writeTo } from "./write_queue.ts";
import type { WriteMessage } from "./writer.ts";

/** Seconds that the hooks of a new connection may take, or a server that sends more than is read to answer our close. */
const PATIENCE = 10;

/** Renews what belonged to an old connection, by writing to the new one before the writes that wait. */
export type RunHook = (write: WriteMessage) => unknown;

/** Reads, writes and the state of a client. */
export interface Session {
  readonly state: ClientState;
  /** The socket, while there is a connection. */
  readonly socket: TransportSocket | undefined;
  /** The 101 of the last connection. */
  readonly handshake: Handshake;
  /** Run after each reconnection. */
  readonly hooks: Set<RunHook>;
  /** Settles with the first connection, or when there will be none. */
  readonly first: Promise<void>;
  /** Resolves at the end. */
  readonly closed: Promise<ClientClosure>;
  /** Takes a message, or waits for one. */
  read(kind: "text"): Promise<string>;
  read(kind: "binary"): Promise<Uint8Array<ArrayBuffer>>;
  read(kind: "step"): Promise<Step>;
  read(kind: Kind): Promise<Message>;
  /** Hands a message to the socket, or keeps it until there is one. */
  readonly write: WriteMessage;
  /** Closes; resolves at the end. */
  close(code: number, reason: string, timeout: number): Promise<unknown>;
}

/** Begins to connect. */
export function toSession(
  rules: ClientRules,
  transport: Transport,
  emit: (event: Event) => void,
  clock: Clock,
): Session {
  const { maxQueuedMessages, maxQueuedBytes, signal } = rules;
  const inbox = toReadQueue(rules.readTimeout, clock);
  const outbox = toWriteQueue(rules.writeTimeout, rules.queuesWhileDown, clock, (message, compress) => {
    if (isOver()) return rejected(new ConnectionClosureError(`Cannot write: the client is ${state}`));
    // What a hook writes goes before what waits.
    return socket && isHooked ? writeTo(socket, message, compress) : undefined;
  });
  const hooks = new Set<RunHook>();
  const first = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<ClientClosure>();
  let state: ClientState = "connecting";
  let socket: TransportSocket | undefined;
  let handshake: Handshake = { protocol: "" };
  let isPaused = false;
  // Whether a hook is on the stack.
  let isHooked = false;

  // A listener may close the client; then what was to follow is over.
  const become = (next: ClientState): boolean => {
    state = next;
    emit(new Event("statechange"));
    return state === next;
  };
  const isOver = (): boolean => state === "closing" || state === "closed";
  const open = (opened: TransportSocket): void => {
    outbox.up(opened);
    first.resolve();
    if (become("open")) emit(new Event("open"));
  };
  // L9: hooks write before what waits does. One that fails, or never ends, costs the connection.
  const restore = async (opened: TransportSocket): Promise<void> => {
    const isCurrent = (): boolean => socket === opened && state === "reconnecting";
    const fail = (cause?: unknown): void => {
      if (isCurrent()) dialer.fail(new ConnectionError("onReconnect failed or took too long", { cause }));
    };
    dialer.later(PATIENCE, fail);
    try {
      for (const hook of [...hooks]) {
        isHooked = true;
        const running = hook((message, compress) => writeTo(opened, message, compress));
        isHooked = false;
        await running;
        if (!isCurrent()) return;
      }
      dialer.done();
      open(opened);
    } catch (error) {
      isHooked = false;
      fail(error);
    }
  };
  const lose = (): void => {
    socket = undefined;
    isPaused = false;
    outbox.down();
  };
  const abort = (): void => dialer.end(toClosure(1006, "", signal?.reason));
  const resume = (): void => {
    if (isPaused) socket?.resume?.();
    isPaused = false;
  };
  const close: Session["close"] = (code, reason, timeout) => {
    if (!isOver()) {
      outbox.flush(Number.POSITIVE_INFINITY);
      outbox.end(toClosure(code, reason));
      resume();
      if (become("closing")) dialer.close(code, reason, timeout);
    }
    return closed.promise;
  };

  // The queue sees to it that a message is of the kind that is asked for.
  function read(kind: "text"): Promise<string>;
  function read(kind: "binary"): Promise<Uint8Array<ArrayBuffer>>;
  function read(kind: "step"): Promise<Step>;
  function read(kind: Kind): Promise<Message>;
  function read(kind: Kind): Promise<Message | Step> {
    const message = inbox.read(kind);
    if (isPaused && !inbox.holds(maxQueuedMessages / 2, maxQueuedBytes / 2)) resume();
    return message;
  }

  const dialer = toDialer(
    rules,
    transport,
    {
      opened(opened, answer) {
        socket = opened;
        handshake = answer;
        if (state === "connecting" || !hooks.size) open(opened);
        else void restore(opened);
      },
      message(message) {
        if (isOver()) return;
        outbox.rest();
        if (!inbox.push(message) || !inbox.holds(maxQueuedMessages, maxQueuedBytes)) return;
        if (!socket?.pause) {
          // One message waits, however large it may be.
          if (inbox.holds(2, Number.POSITIVE_INFINITY) && inbox.holds(16 * maxQueuedMessages, maxQueuedBytes))
            void close(1013, "Too many unread messages", PATIENCE);
        } else if (!isPaused) {
          isPaused = true;
          socket.pause();
        }
      },
      waiting(attempt, wait, cause) {
        lose();
        if (state !== "open" || become("reconnecting")) emit(new ReconnectingEvent(attempt, wait, cause));
      },
      ended(cause) {
        if (state === "closed") return;
        const end = cause instanceof ConnectionClosureError ? cause : toClosure(1006, "", cause);
        const closure = { code: end.statusCode ?? 1006, reason: end.reason };
        signal?.removeEventListener("abort", abort);
        lose();
        inbox.end(end);
        outbox.end(end);
        first.reject(signal?.aborted ? signal.reason : cause);
        become("closed");
        emit(new ClientCloseEvent(closure));
        closed.resolve(closure);
      },
    },
    clock,
  );
  void guarded(first.promise);
  signal?.addEventListener("abort", abort);
  dialer.dial();
  if (signal?.aborted) abort();

  return {
    hooks,
    close,
    first: first.promise,
    closed: closed.promise,
    get state() {
      return state;
    },
    get socket() {
      return socket;
    },
    get handshake() {
      return handshake;
    },
    read,
    write: outbox.write,
  };
}
