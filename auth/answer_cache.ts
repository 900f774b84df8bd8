/**
 * Answers that are kept for a while.
 *
 * @module
 */

/** A bounded map whose entries expire. The oldest entry goes first, and its key is never a secret, but a hash of one. */
export class AnswerCache<Answer> {
  readonly #entries: Map<string, { readonly answer: Answer; readonly from: number; readonly until: number }> =
    new Map();
  readonly #maxSize: number;

  /** Makes an empty cache of at most `maxSize` entries. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** How many entries there are, expired ones included. */
  get size(): number {
    return this.#entries.size;
  }

  /** Gives an answer that has not expired, `now` being in milliseconds since the epoch. */
  get(key: string, now: number): Answer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    // A clock that was set back must not make an answer live longer.
    if (now >= entry.from && now < entry.until) return entry.answer;
    this.#entries.delete(key);
    return undefined;
  }

  /** Keeps an answer between two times, in milliseconds since the epoch. */
  set(key: string, answer: Answer, from: number, until: number): void {
    this.#entries.delete(key);
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size < this.#maxSize && entry.until > from && entry.from <= from) break;
      this.#entries.delete(oldest);
    }
    this.#entries.set(key, { answer, from, until });
  }
}
