/**
 * What dispatch needs of its connection.
 *
 * @module
 */

import type { Failure } from "../failure.ts";
import type { Outbox } from "../outbox.ts";
import type { Streams } from "../stream.ts";

/** The connection, as its dispatcher sees it. */
export interface Connected {
  /** The sending half. */
  readonly outbox: Outbox;
  /** The streams that run. */
  readonly streams: Streams;
  /** Takes what failed outside of a callback, for `onError`. */
  report(failure: Failure): void;
}
