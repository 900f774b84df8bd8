/** Waits for what has been noted, without polling and in bounded time. */
export class Waiter {
  readonly #waiting: (() => void)[] = [];

  /** Looks again: something has changed. */
  wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /**
   * Resolves once `isThere` holds.
   *
   * @throws If that takes longer than `patience` milliseconds
   */
  async until(
    what: string,
    isThere: () => boolean,
    patience: number,
    describe: () => string = () => "",
  ): Promise<void> {
    if (isThere()) return;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.wake();
    }, patience);
    while (!isThere() && !late) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    clearTimeout(timer);
    if (!isThere()) throw new Error(`Timeout: waited ${patience} ms for ${what}; ${describe()}`);
  }
}
