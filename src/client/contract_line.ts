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
  readonly state: ClientState;
  readonly closed: Promise<ClientClosure>;
  writeTextMessage(text: string, options?: { signal?: AbortSignal }): Promise<void>;
  readMessage(): Promise<Message>;
  onReconnect(hook: (connection: { writeTextMessage(text: string): Promise<void> }) => unknown): () => void;
}
