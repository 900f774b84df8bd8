/**
 * One call for all who want its result at the same time.
 *
 * @module
 */

interface Call<Value> {
  readonly result: Promise<Value>;
  readonly abort: AbortController;
  waiting: number;
}

/** Runs one call at a time. Who leaves does not end it for the others; when the last one has left, it is aborted. */
export class SharedCall<Value> {
  readonly #run: (signal: AbortSignal) => Promise<Value>;
  #call: Call<Value> | undefined;

  /** Calls nothing yet. */
  constructor(run: (signal: AbortSignal) => Promise<Value>) {
    this.#run = run;
  }

  /**
   * Waits for the call that is under way, or starts one.
   *
   * @throws What the call throws, or the reason of the signal
   */
  join(signal: AbortSignal): Promise<Value> {
    const call = this.#call ?? this.#start();
    call.waiting += 1;
    return new Promise((resolve, reject) => {
      const leave = () => {
        call.waiting -= 1;
        if (call.waiting === 0) this.#drop(call);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      void call.result.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  #start(): Call<Value> {
    const abort = new AbortController();
    const result = this.#run(abort.signal).finally(() => {
      if (this.#call === call) this.#call = undefined;
    });
    const call: Call<Value> = { result, abort, waiting: 0 };
    this.#call = call;
    return call;
  }

  #drop(call: Call<Value>): void {
    if (this.#call === call) this.#call = undefined;
    call.abort.abort();
  }
}
