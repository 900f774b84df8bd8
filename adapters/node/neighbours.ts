/**
 * Several listeners to the event `upgrade` of one `http.Server`: which of them answers.
 *
 * Node calls them all, and none is told what another does. Ours take turns; what none of them has a service for is left to those of others.
 *
 * @module
 */

import { EventEmitter } from "node:events";
import type { Clock } from "../../src/clock.ts";

/** How long others may take until they write something, in milliseconds. */
export const PATIENCE = 10_000;

// Kept with the socket: a `WeakMap` of all sockets is a work of its own for the collector.
const TURN: unique symbol = Symbol("turn");

/** The `net.Socket` on which an upgrade came. */
export interface UpgradeSocket {
  /** Whose turn it is to answer. */
  [TURN]?: Turn;
  readonly bytesWritten: number;
  readonly writable: boolean;
  on(event: "close" | "error", listener: () => void): unknown;
  off(event: "close", listener: () => void): unknown;
}

/** Whose event it is: the server, or nothing for a listener that was called by hand. */
export interface Emitter {
  listenerCount(event: "upgrade"): number;
}

interface Turn {
  /** What the listeners were given: from Node 26 on not the socket if the request has a body. */
  readonly stream: object | undefined;
  /** How many listen. */
  readonly count: number;
  /** What had been written when the first of ours looked, all earlier requests being answered. */
  readonly bytesWritten: number;
  /** Those of ours that have not looked yet. */
  readonly waiting: (() => void)[];
  /** How many of ours have had their turn. */
  looked: number;
  /** Whether one of them looks. */
  isTaken: boolean;
  /** Ends the wait for others. */
  cancel: (() => void) | undefined;
}

// That of every upgrade that one of ours has answered, for a server may hold many.
const OVER: Turn = {
  stream: undefined,
  count: 0,
  bytesWritten: 0,
  waiting: [],
  looked: 0,
  isTaken: true,
  cancel: undefined,
};

/** Looks at an upgrade when those of ours that came before have left it; not at one that another listener reads already. */
export function inTurn(socket: UpgradeSocket, stream: object, emitter: Emitter | undefined, look: () => void): void {
  let turn = socket[TURN];
  if (turn === undefined) {
    if (isRead(stream)) return;
    // Refused by another listener, or lost: then nobody else may hear of its error.
    if (!socket.writable) return void socket.on("error", ignore);
    turn = {
      stream,
      count: emitter?.listenerCount("upgrade") ?? 0,
      bytesWritten: socket.bytesWritten,
      waiting: [],
      looked: 0,
      isTaken: false,
      cancel: undefined,
    };
    socket[TURN] = turn;
  }
  if (turn === OVER) return;
  turn.waiting.push(look);
  if (!turn.isTaken) next(turn);
}

/** Notes that one of ours has answered: those that come after need not look. */
export function conclude(socket: UpgradeSocket): void {
  socket[TURN] = OVER;
}

/** Whether another listener has answered meanwhile, so that nothing of ours is to be written into its stream. */
export function isAnswered(socket: UpgradeSocket): boolean {
  const { count, bytesWritten } = socket[TURN] ?? OVER;
  return count > 1 && bytesWritten !== socket.bytesWritten;
}

/**
 * Leaves an upgrade to the next of ours, or to others; `false` says that there are none.
 *
 * @param refuse Answers after all, for they have neither read nor written anything for long
 */
export function leave(socket: UpgradeSocket, clock: Clock, refuse: () => void): boolean {
  const turn = socket[TURN];
  if (turn === undefined) return false;
  if (next(turn)) return true;
  if (turn.count <= turn.looked) return false;
  turn.isTaken = false;
  const cancel = clock.schedule(() => {
    socket.off("close", cancel);
    turn.isTaken = true;
    if (socket.writable && !isRead(turn.stream)) refuse();
  }, PATIENCE);
  turn.cancel = () => {
    socket.off("close", cancel);
    cancel();
  };
  socket.on("close", cancel);
  return true;
}

function next(turn: Turn): boolean {
  const look = turn.waiting.shift();
  if (look === undefined) return false;
  turn.cancel?.();
  turn.cancel = undefined;
  turn.isTaken = true;
  turn.looked += 1;
  look();
  return true;
}

// Node takes its own listeners off before the event.
function isRead(stream: object | undefined): boolean {
  return stream instanceof EventEmitter && stream.listenerCount("data") + stream.listenerCount("readable") > 0;
}

function ignore(): void {}
