/** The contract that the tests of requests serve, and handlers of it. */
import { type Contract, contract, type MessageHandlersOf } from "../../../entries/contract.ts";
import type { StandardSchema } from "../../../mod.ts";
import { anything, fields, sync } from "./contract_fixture.ts";

interface Value {
  readonly message: StandardSchema<{ as?: unknown }, { as?: unknown }>;
  readonly reply: StandardSchema;
}

/** A message and a reply of any form. */
export const value: Value = { message: anything<{ as?: unknown }>(), reply: anything() };

interface Definition {
  readonly dispatcherKey: "event";
  readonly dispatcherStreamId: "id";
  readonly messages: {
    readonly sync: typeof sync;
    readonly value: Value;
    readonly wait: Value;
    readonly stream: Value & { readonly stream: true };
  };
}

/** A contract with requests of every kind. */
export const line: Contract<Definition> = contract({
  ...fields,
  messages: { sync, value, wait: value, stream: { ...value, stream: true } },
});

/** A stream that gives what it is told to, and tells what is done to it. */
export class Source implements AsyncIterableIterator<unknown> {
  readonly seen: string[] = [];
  #give: ((result: IteratorResult<unknown>) => void) | undefined;

  [Symbol.asyncIterator](): this {
    return this;
  }
  next(): Promise<IteratorResult<unknown>> {
    return new Promise((resolve) => {
      this.#give = resolve;
    });
  }
  return(): Promise<IteratorResult<unknown>> {
    this.seen.push("return");
    return Promise.resolve({ done: true, value: undefined });
  }
  give(item: unknown): void {
    this.#give?.({ done: false, value: item });
  }
  watch(signal: AbortSignal): void {
    signal.addEventListener("abort", () => this.seen.push("abort"));
  }
}

/** Handlers that do nothing. */
export const idle: MessageHandlersOf<Definition> = {
  onSync() {},
  onValue: () => 0,
  onWait: () => 0,
  onStream: () => new Source(),
};
