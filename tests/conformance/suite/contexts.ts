/** What `AsyncLocalStorage` holds in a callback: never what somebody else has put there. */
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import type { Caller } from "../../../mod.ts";
import type { Subject } from "./subject.ts";

/** A stream without items, which tells that it is ended. */
function endless(ended: () => void): AsyncIterable<string> {
  const iterator: AsyncIterator<string> = {
    next: () => new Promise(() => {}),
    async return() {
      ended();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

export function contexts(subject: Subject): void {
  subject.test("A callback that waited for its peer to read does not see the store of who wrote to it", async () => {
    const user = new AsyncLocalStorage<string>();
    const callers = new Map<string, Caller>();
    const large = "y".repeat(60_000);
    await subject.run(
      ({ journal }) =>
        ({ params: { id = "" } }) => ({
          onOpen: (caller) => void callers.set(id, caller),
          onTextMessage(_caller, text) {
            if (text === "look") return journal.add(`${id} sees ${user.getStore()}`);
            user.run(id, () => {
              for (let i = 0; i < 14; i++) void callers.get("bob")?.writeTextMessage(large);
            });
          },
        }),
      async ({ connect, journal }) => {
        const ann = await connect({ path: "/ann" });
        const bob = await connect({ path: "/bob" });
        for (let round = 1; round <= 10; round++) {
          await ann.send.text("write");
          for (let i = 0; i < 5; i++) await bob.send.text("look");
          for (let i = 0; i < 14; i++) await bob.message();
          await journal.until(/^bob sees/, 5 * round);
        }
        assert.deepEqual([...new Set(journal.entries)], ["bob sees undefined"]);
      },
      { path: "/:id" },
    );
  });

  for (const how of ["close", "terminate"] as const) {
    const gap = how === "terminate" ? how : undefined;
    subject.gapTest(gap, `onClose, and a stream that ends, do not see the store of who called ${how}()`, async () => {
      const user = new AsyncLocalStorage<string>();
      const callers = new Map<string, Caller>();
      await subject.run(
        ({ journal }) =>
          ({ params: { id = "" } }) => ({
            onOpen(caller) {
              callers.set(id, caller);
              journal.add("open");
              caller.signal.addEventListener("abort", () => journal.add(`${id}'s signal sees ${user.getStore()}`));
              return endless(() => journal.add(`${id}'s stream sees ${user.getStore()}`));
            },
            onTextMessage: () => user.run(id, () => void callers.get("bob")?.[how]()),
            onClose: () => journal.add(`${id} sees ${user.getStore()}`),
          }),
        async ({ connect, journal }) => {
          const ann = await connect({ path: "/ann" });
          const bob = await connect({ path: "/bob" });
          await journal.until("open", 2);
          await ann.send.text("end it");
          await bob.ended();
          bob.destroy();
          await journal.until(/^bob sees/);
          assert.deepEqual(journal.entries.slice(2), [
            "bob's signal sees undefined",
            "bob's stream sees undefined",
            "bob sees undefined",
          ]);
        },
        { path: "/:id" },
      );
    });
  }

  subject.test("onIdleTimeout does not see the store that another connection's upgrade has entered", async () => {
    const user = new AsyncLocalStorage<string>();
    await subject.run(
      ({ journal }) =>
        ({ params: { id = "" } }) => {
          user.enterWith(id);
          return { onIdleTimeout: () => journal.add(`${id} sees ${user.getStore() ?? id}`) };
        },
      async ({ connect, journal }) => {
        for (const id of ["ann", "bob", "cid"]) await connect({ path: `/${id}` });
        await journal.until(/^cid sees/, 2);
        for (const entry of journal.entries) assert.match(entry, /^(\w+) sees \1$/);
      },
      { path: "/:id", config: { idleTimeout: 0.05 } },
    );
  });
}
