/**
 * What `AsyncLocalStorage` holds while a callback runs.
 *
 * A promise and a timer keep what was held where they were made. What one connection makes another wait for would show it what belongs to the first.
 *
 * @module
 */

/** Calls a function with what `AsyncLocalStorage` held where this was made, and gives what it returns. */
export type Apart = <Result>(call: () => Result) => Result;

interface AsyncHooks {
  readonly AsyncLocalStorage?: { snapshot?(): Apart };
}

// Node's, which Deno and Bun have too.
interface Builtins {
  getBuiltinModule?(name: "node:async_hooks"): AsyncHooks | undefined;
}

const NOTHING = { setTimeout };

interface Runtime extends Partial<Record<"process", Builtins>> {
  readonly setTimeout: unknown;
}

/**
 * Keeps what is held now. Browsers, which have nothing of the kind, just call; so does Deno, which takes 20 ms for the question and has another event
 * loop from then on: its engines import what they need.
 */
export function toApart(): Apart {
  const { process: node }: Runtime = "Deno" in globalThis ? NOTHING : globalThis;
  return node?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage?.snapshot?.() ?? ((call) => call());
}
