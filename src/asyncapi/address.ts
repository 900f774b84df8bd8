/**
 * Paths of Hono as addresses of AsyncAPI.
 *
 * @module
 */

import type { AsyncApiParameter } from "./document.ts";

/** A path, as AsyncAPI writes it. */
export interface Address {
  /** With parameters in braces: `/chat/{room}`. */
  readonly address: string;
  readonly parameters: Readonly<Record<string, AsyncApiParameter>>;
}

/**
 * Turns a path into an address: `/chat/:room` is `/chat/{room}`, and `/files/*` is `/files/{rest}`.
 *
 * @param params What is known of the parameters
 * @throws {TypeError} If the path begins with no slash, or has no such parameter
 */
export function toAddress(path: string, params: Readonly<Record<string, AsyncApiParameter>> = {}): Address {
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw new TypeError(`Option path is ${JSON.stringify(path)}: must begin with a slash`);
  }
  const found = new Map<string, AsyncApiParameter>();
  const known = new Map(Object.entries(params));
  const address = path.replace(
    /\/:([^/{?]+)(?:\{([^}]*)\})?(\?)?(?=\/|$)|\/\*(?=\/|$)/g,
    (_, name, pattern, optional) => {
      const key = typeof name === "string" ? name : "rest";
      found.set(key, known.get(key) ?? toParameter(name, pattern, optional));
      return `/{${key}}`;
    },
  );
  for (const name of known.keys()) {
    if (!found.has(name)) {
      throw new TypeError(`Option params has ${JSON.stringify(name)}: the path "${path}" has no such parameter`);
    }
  }
  return { address, parameters: Object.fromEntries(found) };
}

function toParameter(name: unknown, pattern: unknown, optional: unknown): AsyncApiParameter {
  if (name === undefined) return { description: "Anything, slashes too" };
  const words = [
    ...(typeof pattern === "string" ? [`Matches ${pattern}`] : []),
    ...(optional === "?" ? ["May be left out"] : []),
  ];
  return words.length === 0 ? {} : { description: words.join(". ") };
}
