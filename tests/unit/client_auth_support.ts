import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { CredentialRequest } from "../../src/client/client_credential.ts";
import { AuthError } from "../../src/errors.ts";
import { checkSecrets } from "../kit/secrets.ts";

/** A time that stands still until a test moves it, in seconds since the epoch. */
export class Watch {
  now = 1_800_000_000;
  readonly epoch = (): number => this.now;
}

/** What a client asks with. */
export function request(renew = false, signal: AbortSignal = new AbortController().signal): CredentialRequest {
  return { renew, signal };
}

/** Expects an `AuthError` of this status, that shows no secret whichever way it is shown. */
export async function refused(answer: Promise<unknown>, status: number, why: RegExp): Promise<AuthError> {
  const error = await answer.then(
    () => assert.fail("There is a token"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof AuthError, String(error));
  assert.match(error.message, why);
  assert.equal(error.status, status, error.message);
  shown(error);
  return error;
}

/** Fails if an error shows a secret. */
export function shown(error: unknown): void {
  checkSecrets("An error", inspect(error, { depth: 9, showHidden: true }));
  checkSecrets("An error", `${JSON.stringify(error)} ${error instanceof Error ? `${error.stack} ${error.cause}` : ""}`);
}
