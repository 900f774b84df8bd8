/**
 * Authenticators as security schemes of AsyncAPI.
 *
 * @module
 */

import type { Authenticator } from "../authenticator.ts";
import type { CredentialSource } from "../credentials.ts";
import type { AsyncApiServer, Reference, SecurityScheme } from "./document.ts";

const HEADER: readonly CredentialSource[] = ["header"];

/** Gives the ways to prove who one is, by name. */
export function toSecuritySchemes(
  auth: readonly Pick<Authenticator, "scheme">[] = [],
  sources: readonly CredentialSource[] = HEADER,
): ReadonlyMap<string, SecurityScheme> {
  const schemes = new Map<string, SecurityScheme>();
  for (const { scheme } of auth) {
    for (const source of sources) {
      if (source === "header") schemes.set(scheme.toLowerCase(), { type: "http", scheme: scheme.toLowerCase() });
      // What does not come in the header counts as Bearer.
      else if (scheme === "Bearer") schemes.set(...toElsewhere(source));
    }
  }
  return schemes;
}

/** Gives servers with the ways to prove who one is, where they name none of their own. */
export function secure(
  servers: Readonly<Record<string, AsyncApiServer>>,
  names: Iterable<string>,
): Readonly<Record<string, AsyncApiServer>> {
  const security = [...names].map((name): Reference => ({ $ref: `#/components/securitySchemes/${name}` }));
  if (security.length === 0) return servers;
  return Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, { security, ...server }]));
}

function toElsewhere(source: Exclude<CredentialSource, "header">): [string, SecurityScheme] {
  if ("cookie" in source)
    return [toKey("cookie", source.cookie), { type: "httpApiKey", in: "cookie", name: source.cookie }];
  if ("query" in source) return [toKey("query", source.query), { type: "httpApiKey", in: "query", name: source.query }];
  const description = `Or, where headers cannot be set, as the subprotocol that follows "${source.subProtocol}"`;
  return [toKey("subprotocol", source.subProtocol), { type: "http", scheme: "bearer", description }];
}

function toKey(place: string, name: string): string {
  return `${place}.${name.replace(/[^\w-]+/g, "_")}`;
}
