/**
 * Checks that all options have in common.
 *
 * @module
 */

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

/**
 * Like {@link checkNames}; of options that belong elsewhere it says where.
 *
 * @param own The names that are right here
 * @param others The names that belong elsewhere
 * @param place Where that is
 * @throws {TypeError} Naming the option, and its place if it has one
 */
export function checkOwnNames(
  what: string,
  config: object,
  own: ReadonlySet<string>,
  others: ReadonlySet<string>,
  place: string,
): void {
  const misplaced = Object.keys(config ?? {}).find((name) => others.has(name) && !own.has(name));
  if (misplaced !== undefined) throw new TypeError(`Unknown option "${misplaced}" of ${what}: ${place}`);
  checkNames(what, config, own);
}

/** Checks an option that is true or false. */
export function checkBoolean(name: string, value: boolean): boolean {
  if (typeof value !== "boolean") throw new TypeError(`Option ${name} must be true or false`);
  return value;
}
