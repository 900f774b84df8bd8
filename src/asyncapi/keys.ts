/**
 * Keys of a document that stand in pointers, so that no tool has to escape them.
 *
 * @module
 */

/** Gives each name a key of its own, of letters, digits, `_`, `.` and `-`. */
export class Keys {
  readonly #taken: Set<string> = new Set();

  /** Gives the key of a name: the name itself, where that will do and is free. */
  take(name: string): string {
    const plain = name.replace(/[^\w.-]+/g, "_");
    let key = plain === "" || plain === "__proto__" ? "_" : plain;
    for (let count = 2; this.#taken.has(key); count++) key = `${plain}_${count}`;
    this.#taken.add(key);
    return key;
  }
}
