/**
 * What went wrong, as it is shown and as an exit code.
 *
 * @module
 */

import { STATUS_CODES } from "node:http";
import { InvalidHandshakeError, PayloadTooLargeError } from "../../src/errors.ts";
import type { View } from "./happening.ts";

/** The exit codes of `switchboard connect`, besides 2 for wrong arguments. */
export const EXIT = { good: 0, failed: 1, refused: 3, closed: 4, interrupted: 130, terminated: 143 } as const;

/** Characters of the body of a refusal that are shown. */
const SHOWN = 200;

/** Shows why there is no connection, or none any more, and gives the exit code. */
export async function showFailure(error: Error, view: View): Promise<number> {
  // With 101 the server has accepted, and the fault is in what else its answer says.
  if (error instanceof InvalidHandshakeError && error.status !== undefined && error.status !== 101) {
    const { status, body } = error;
    const line = (/\S[^\r\n]*/.exec(body)?.[0] ?? "").slice(0, SHOWN);
    await view.show({ event: "refused", status, phrase: STATUS_CODES[status] ?? "", body: line });
    return EXIT.refused;
  }
  // The client calls the option by another name.
  const message = error instanceof PayloadTooLargeError ? "A message is larger than --max-size" : toMessage(error);
  await view.show({ event: "error", message });
  return EXIT.failed;
}

/** Gives the message of what was thrown, with that of its cause where it says more. */
export function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message.trim();
  const cause = error.cause instanceof Error ? error.cause.message.trim() : "";
  return message.includes(cause) ? message : `${message}: ${cause}`;
}
