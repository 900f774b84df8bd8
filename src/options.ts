/**
 * How options are checked: their names, numbers and times.
 *
 * @module
 */

/** Options that all have a value. `Required` lets those be `undefined` that may be given so. */
export type Complete<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };

/**
 * Refuses options that nobody knows, so that a misspelt one is noticed.
 *
 * @throws {TypeError} Naming the option
 */
export function checkNames(what: string, config: object, names: ReadonlySet<string>): void {
  if (typeof config !== "object" || config === null) throw new TypeError(`${what} must be an object`);
  for (const name of Object.keys(config)) {
    if (!names.has(name)) {
      throw new TypeError(`Unknown option "${name}" of ${what}: must be one of ${[...names].join(", ")}`);
    }
  }
}

/** Names of options that belong elsewhere, and what is said of one of them: where. */
export type Elsewhere = readonly [names: ReadonlySet<string>, place: string];

/**
 * Like {@link checkNames}; of options that belong elsewhere it says where.
 *
 * @param own The names that are right here
 * @throws {TypeError} Naming the option, and its place if it has one
 */
export function checkOwnNames(
  what: string,
  config: object,
  own: ReadonlySet<string>,
  ...others: readonly Elsewhere[]
): void {
  for (const name of Object.keys(config ?? {})) {
    const [, place] = others.find(([names]) => names.has(name)) ?? [];
    if (place !== undefined && !own.has(name)) throw new TypeError(`Unknown option "${name}" of ${what}: ${place}`);
  }
  checkNames(what, config, own);
}

/** Checks an option that is true or false. */
export function checkBoolean(name: string, value: boolean): boolean {
  if (typeof value !== "boolean") throw new TypeError(`Option ${name} must be true or false`);
  return value;
}

/**
 * Checks a whole number.
 *
 * @throws {TypeError} If it is no number
 * @throws {RangeError} If it is not whole, less than `least`, or has more than 31 bits
 */
export function checkInteger(name: string, value: number, least: number): number {
  if (typeof value !== "number") throw new TypeError(`Option ${name} must be a number`);
  if (!Number.isInteger(value) || value < least || value > 2_147_483_647) {
    throw new RangeError(`Option ${name} is ${value}: must be a whole number from ${least} to 2147483647`);
  }
  return value;
}

/**
 * Turns seconds into milliseconds.
 *
 * @throws {TypeError} If they are no number
 * @throws {RangeError} If they are negative or infinite
 */
export function toMilliseconds(name: string, seconds: number): number {
  if (typeof seconds !== "number") throw new TypeError(`Option ${name} must be a number of seconds`);
  if (!(seconds >= 0) || seconds === Number.POSITIVE_INFINITY) {
    throw new RangeError(`Option ${name} is ${seconds}: must be a number of seconds, 0 or more`);
  }
  return seconds * 1000;
}

/**
 * The same for a time that must not be 0.
 *
 * @throws {TypeError} If the seconds are no number
 * @throws {RangeError} If they are 0, negative or infinite
 */
export function toDuration(name: string, seconds: number): number {
  const ms = toMilliseconds(name, seconds);
  if (ms === 0) throw new RangeError(`Option ${name} is 0: must be more than 0 seconds`);
  return ms;
}

/**
 * The same for the wait for a peer's close frame, where -1 waits for ever and stays -1.
 *
 * @throws {TypeError} If the seconds are no number
 * @throws {RangeError} If they are infinite, or negative and not -1
 */
export function toClosureTimeout(name: string, seconds: number): number {
  if (seconds === -1) return -1;
  if (seconds < 0)
    throw new RangeError(`Option ${name} is ${seconds}: must be a number of seconds, 0 or more, or -1 for ever`);
  return toMilliseconds(name, seconds);
}
