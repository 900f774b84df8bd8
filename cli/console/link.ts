/**
 * What the command needs of a client.
 *
 * @module
 */

import type { ClientConfig } from "../../src/client/client_config.ts";

/** A connection that reads, writes, and may be made again; `Client` is one. */
export interface Link extends AsyncIterable<string | Uint8Array> {
  /** The subprotocol that was chosen, "" for none. */
  readonly subprotocol: string;
  /** The code and reason of the last close. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Tells why it has ended, when everything is read. */
  fault(): Promise<unknown>;
  /** Sends a message; resolves when there is room for more. */
  send(data: string | Uint8Array<ArrayBuffer>): Promise<void>;
  /** Sends a ping. */
  ping(data: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Closes, and waits at most `timeout` seconds for the answer. */
  close(code: number, reason: string, timeout: number): Promise<void>;
}

/** Is told what happens to a connection besides its messages. */
export interface Watcher {
  /** A ping arrived. */
  ping(data: Uint8Array): void;
  /** A pong arrived. */
  pong(data: Uint8Array): void;
  /** An attempt failed, and another is made; the number and the wait in seconds are known once there was a connection. */
  reconnecting(cause: string, attempt?: number, wait?: number): void;
  /** A lost connection is there again. */
  reopened(subprotocol: string): void;
}

/** Opens a connection. */
export type Dial = (url: string, config: ClientConfig, watcher: Watcher) => Promise<Link>;
