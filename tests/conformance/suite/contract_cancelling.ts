/** C5 C11: what a `cancel`, or the end of the connection, does to a request that is under way or waits. */
import assert from "node:assert/strict";
import { type Caller, closeFrame } from "../../../mod.ts";
import { PONG, type RawClient } from "../../kit/raw_client.ts";
import { errorOf, exchange, say } from "./contract_fixture.ts";
import { idle, line, Source } from "./contract_lines.ts";
import { gate, type Subject } from "./subject.ts";

export function contractCancelling(subject: Subject): void {
  subject.test("cancel aborts the signal, calls return() and is answered by complete, at once and once", async () => {
    const source = new Source();
    await subject.serve(
      () =>
        line.service({
          ...idle,
          onStream(_caller, _message, { signal }) {
            source.watch(signal);
            return source;
          },
        }),
      async ({ connect }) => {
        const client = await connect();
        const cancel = { event: "cancel", id: "s" };
        assert.deepEqual(await exchange(client, cancel, { event: "cancel" }, { event: "cancel", id: 9 }), []);
        await say(client, { event: "stream", id: "s" });
        // Its next() is pending and stays so.
        assert.deepEqual(await exchange(client, cancel, cancel, { event: "value", id: "s" }), [
          '{"event":"complete","id":"s"}',
          '{"event":"value","id":"s","data":0}',
        ]);
        assert.deepEqual(source.seen, ["abort", "return"]);
        source.give("late");
        assert.deepEqual(await exchange(client, cancel), []);
      },
    );
  });

  subject.test(
    "cancel overtakes what waits: a stream ends while another handler runs, and a handler learns of it",
    async () => {
      const source = new Source();
      const held = gate();
      await subject.serve(
        ({ journal }) =>
          line.service({
            ...idle,
            onStream: () => source,
            async onWait(_caller, _message, { signal }) {
              journal.add("waits");
              signal.addEventListener("abort", () => journal.add("abort"));
              await held.promise;
              throw new Error("Nobody hears of it");
            },
          }),
        async ({ connect, journal }) => {
          const client = await connect();
          await say(client, { event: "stream", id: 1 });
          await say(client, { event: "wait", id: 2 });
          await journal.until("waits");
          await say(client, { event: "value", id: 3 });
          for (const id of [1, 2, 2, 3]) await say(client, { event: "cancel", id });
          assert.equal(`${await client.message()}`, '{"event":"complete","id":1}');
          assert.equal(`${await client.message()}`, '{"event":"complete","id":2}');
          assert.deepEqual(source.seen, ["return"]);
          await journal.until("abort");
          held.resolve();
          assert.deepEqual(await exchange(client), ['{"event":"complete","id":3}']);
        },
      );
    },
  );

  subject.test("C11 what is cancelled while it waits is not handled, and what comes later with its id is", async () => {
    const held = gate();
    await subject.serve(
      ({ journal }) =>
        line.service({
          ...idle,
          onValue: (_caller, { as }) => journal.add(`value ${as}`),
          onStream() {
            journal.add("stream");
            return new Source();
          },
          async onWait() {
            journal.add("waits");
            await held.promise;
          },
        }),
      async ({ connect, journal }) => {
        const client = await connect();
        await say(client, { event: "wait", id: 0 });
        await journal.until("waits");
        const cancel = (id: unknown): unknown => ({ event: "cancel", id });
        const all = [
          { event: "value", id: 1, as: "a" },
          { event: "stream", id: 2 },
          { event: "value", id: "1", as: "b" },
          { event: "nobody", id: 3 },
          { event: "value", as: "c" },
          ...[1, 2, 3, 4].map(cancel),
          // Its cancel was for a request before it, or for none.
          { event: "value", id: 1, as: "d" },
          { event: "value", id: 4, as: "e" },
          // Each has its own, whatever became of those before.
          cancel(5),
          { event: "value", id: 5, as: "f" },
          cancel(5),
          { event: "value", id: 5, as: "g" },
          cancel(5),
          cancel(5),
          { event: "value", id: 5, as: "h" },
        ];
        for (const message of all) await say(client, message);
        await client.send.ping();
        while ((await client.frame()).opcode !== PONG);
        held.resolve();
        const [waited, first, stream, text, unknown, ...rest] = await exchange(client);
        assert.deepEqual(
          [waited, first, stream, text, ...rest],
          [0, 1, 2, "1", 1, 4, 5, 5, 5].map((id) => JSON.stringify({ event: "complete", id })),
        );
        assert.deepEqual(errorOf(unknown), { event: "error", id: 3, code: "unknown_type" });
        assert.deepEqual(journal.entries, ["waits", "value b", "value c", "value d", "value e", "value h"]);
      },
    );
  });

  const ends: readonly (readonly [
    string,
    (caller: Caller, client: RawClient, running: { gracefulStop(): Promise<void> }) => unknown,
  ])[] = [
    ["the peer closes", (_caller, client) => client.send.close(1000)],
    ["the peer is gone", (_caller, client) => client.destroy()],
    ["the service closes", (caller) => caller.close(4000)],
    ["a handler returns a close frame", (_caller, client) => say(client, { event: "value", as: "close" })],
    ["the listener stops", (_caller, _client, listener) => listener.gracefulStop()],
  ];
  for (const [when, end] of ends) {
    subject.test(`signals abort and iterators return, once each and at once, when ${when}`, async () => {
      const source = new Source();
      const signals: AbortSignal[] = [];
      let caller: Caller | undefined;
      await subject.serve(
        ({ journal }) =>
          line.service({
            ...idle,
            onOpen(opened) {
              caller = opened;
            },
            onStream(_caller, _message, { signal }) {
              source.watch(signal);
              return source;
            },
            onValue(_caller, { as }, { signal }) {
              signals.push(signal);
              return as === "close" ? closeFrame(4000) : 0;
            },
            onClose() {
              // The first is that of a request that was answered long ago, the second that of the connection.
              journal.add(`closed ${source.seen.join(" ")} ${signals[0]?.aborted} ${signals[1]?.aborted}`);
            },
          }),
        async ({ connect, journal, listener }) => {
          const client = await connect();
          await exchange(client, { event: "stream", id: 1 }, { event: "value", id: 2 }, { event: "value" });
          assert.deepEqual(
            signals.map(({ aborted }) => aborted),
            [false, false],
          );
          void end(caller as Caller, client, listener);
          await journal.until("closed abort return false true");
        },
      );
    });
  }
}
