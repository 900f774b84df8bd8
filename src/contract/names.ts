/**
 * Names of handlers: `on` and the words of a type, each with its first letter raised.
 *
 * @module
 */

type Separator = " " | "_" | "-" | "." | "/" | ":";

type Words<Type extends string, Word extends string = ""> = Type extends `${infer First}${infer Rest}`
  ? First extends Separator
    ? `${Capitalize<Word>}${Words<Rest>}`
    : Words<Rest, `${Word}${First}`>
  : Capitalize<Word>;

/** The name of the handler of a type: that of `un_subscribe` is `onUnSubscribe`. */
export type HandlerName<Type extends string> = `on${Words<Type>}`;

// What a type may consist of, so that its name is the same here and in the types above.
const PLAIN = /^[A-Za-z0-9 _\-./:]*[A-Za-z0-9][A-Za-z0-9 _\-./:]*$/;

const IDENTIFIER = /^on[\p{ID_Continue}$]+$/u;

/**
 * Gives the name of the handler of a type, as {@link HandlerName} does.
 *
 * @throws {TypeError} If the type has a character that has no place in a name
 */
export function toHandlerName(type: string): string {
  if (!PLAIN.test(type)) {
    throw new TypeError(
      `Message type ${JSON.stringify(type)} gives no name for a handler: say which with handler: "onX"`,
    );
  }
  const words = type.split(/[ _\-./:]+/);
  return `on${words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("")}`;
}

/** Tells whether a name that was given may be that of a handler. */
export function isHandlerName(name: unknown): name is string {
  return typeof name === "string" && IDENTIFIER.test(name);
}
