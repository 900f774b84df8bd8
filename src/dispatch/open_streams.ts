/**
 * The streams of a connection that have an id.
 *
 * @module
 */

import type { RequestId } from "../contract/envelope.ts";
import type { Sink } from "../stream.ts";

/** Streams by their ids. Most connections have none, so the map is made for the first. */
export class OpenStreams {
  #streams: Map<RequestId, Sink> | undefined;

  /** Finds a stream. */
  get(id: RequestId): Sink | undefined {
    return this.#streams?.get(id);
  }

  /** Adds a stream. */
  set(id: RequestId, stream: Sink): void {
    this.#streams ??= new Map();
    this.#streams.set(id, stream);
  }

  /** Forgets a stream. */
  delete(id: RequestId): void {
    this.#streams?.delete(id);
  }
}
