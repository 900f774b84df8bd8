/**
 * What `AsyncLocalStorage` holds while a callback runs.
 *
 * A promise and a timer keep what was held where they were made. Without care, a callback that another connection wakes would see what belongs to that one.
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
 * Keeps what is held now. In browsers, which have nothing of the kind, a function is just called; so it is on Deno, where asking takes 20 ms and changes
 * the event loop from then on: the engines that run there import what they need.
 */
export function toApart(): Apart {
  const { process: node }: Runtime = "Deno" in globalThis ? NOTHING : globalThis;
  return node?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage?.snapshot?.() ?? ((call) => call());
}
