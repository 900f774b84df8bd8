/**
 * The names of callbacks, and what may be meant for one.
 *
 * @module
 */

/** The callbacks of a connection. */
export const CALLBACKS: ReadonlySet<string> = new Set([
  "onOpen",
  "onTextMessage",
  "onBinaryMessage",
  "onMessage",
  "onPing",
  "onPong",
  "onIdleTimeout",
  "onClose",
  "onError",
]);

/** Names the methods of an object, and of its class, that are called like a callback and are none of those that are known. */
export function misnamedIn(object: object, known: ReadonlySet<string>): string[] {
  const names = new Set<string>();
  for (let at: object | null = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      // `on` and `once` are an emitter's. Not by its value, which a getter might compute.
      const isMeant = /^on(?!ce$)./i.test(name) && !known.has(name);
      if (isMeant && typeof Object.getOwnPropertyDescriptor(at, name)?.value === "function") names.add(name);
    }
  }
  return [...names];
}
