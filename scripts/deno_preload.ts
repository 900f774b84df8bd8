/**
 * Deno's `node:test` lets a test pass although a timer or a module threw, which Node and Bun report.
 * Each such error is printed with a mark that the test runner counts as a failure.
 */
const mark = "Uncaught while testing:";

globalThis.addEventListener("error", (event) => console.error(mark, event.error ?? event.message));
globalThis.addEventListener("unhandledrejection", (event) => console.error(mark, event.reason));
