/**
 * How a credential travels with a handshake.
 *
 * @module
 */

import { AuthError, WebSocketError } from "../errors.ts";
import { isToken } from "../http.ts";
import type { CredentialRequest } from "./client_credential.ts";
import type { ClientRules } from "./client_rules.ts";
import type { Dial } from "./transport.ts";

/**
 * Says what to dial, with the credential of `auth`.
 *
 * @throws {AuthError} If there is none, or it cannot travel
 */
export async function toDial(
  { url, subProtocols: protocols, maxFrameSize, auth, credentials: carrier }: ClientRules,
  request: CredentialRequest,
): Promise<Dial> {
  const dial = { url, protocols, maxFrameSize };
  if (auth === undefined) return dial;
  const credential = await (typeof auth === "function" ? auth(request) : auth);
  const { token, username } = Object(credential);
  // A token that is `undefined` would travel as that word. Another attempt would fare no better.
  if (typeof (token ?? username) !== "string") throw new AuthError("Option auth gave no credential", { status: 401 });
  if (carrier === "header") return { ...dial, credential };
  if (!isToken(token ?? "")) throw new AuthError("Option auth gave no token for option credentials", { status: 401 });
  if ("subProtocol" in carrier) return { ...dial, protocols: [carrier.subProtocol, token, ...protocols] };
  const withQuery = new URL(url);
  withQuery.searchParams.set(carrier.query, token);
  return { ...dial, url: withQuery.href };
}

/** What `auth` threw, as an error that says whether another attempt may help. */
export function toAuthError(cause: unknown): Error {
  return cause instanceof WebSocketError ? cause : new AuthError("Option auth gave no credential", { cause });
}
