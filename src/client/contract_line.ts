/**
 * How a contract makes a client typed, without the client knowing contracts.
 *
 * @module
 */

import type { ClientClosure, ClientEvents, ClientState, TypedEventTarget } from "./client_events.ts";
import type { Message } from "./message.ts";

/** A contract, as a client takes it: gives the client the methods of `Typed`. */
export interface ClientContract<Typed = unknown> {
  /** Adds the methods to a client that is connected, and reads it from now on. Gives that client, as what has these methods. */
  toTyped(client: ContractLine, validation: boolean): Typed;
}

/** What a contract needs of a client. */
export interface ContractLine extends TypedEventTarget<ClientEvents> {
  /** How far the client has come. */
  readonly state: ClientState;
  /** Resolves when it has ended. */
  readonly closed: Promise<ClientClosure>;
  /** Sends a message, or lets it wait for a connection. */
  writeTextMessage(text: string, options?: { signal?: AbortSignal }): Promise<void>;
  /** Gives the next message. */
  readMessage(): Promise<Message>;
  /** Calls `hook` after each reconnection, before what waits is sent. */
  onReconnect(hook: (connection: { writeTextMessage(text: string): Promise<void> }) => unknown): () => void;
}
