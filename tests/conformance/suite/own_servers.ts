/** R27 on servers of one's own: who is connected, and an end in good order. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { Connections, ENGINE_CAPABILITIES, Host, upgrade } from "../../../mod.ts";
import type { Mount } from "./mounted.ts";
import { mountsOf } from "./mounted.ts";
import { gate, Log, type Subject } from "./subject.ts";

export function ownServers(subject: Subject, mounts: readonly Mount[]): void {
  const own = mounts.filter((mount) => mount.isOwn);
  // The first of all ways is the listener's.
  for (const [name, serve] of mountsOf(subject, own).slice(1)) {
    subject.test(`R27 ${name}: connections are found, closed with 1001, and waited for`, async () => {
      const connections = new Connections();
      const [handler, journal] = [gate(), new Log(subject.patience)];
      const app = new Hono();
      app.get("/page", (c) => c.text("page"));
      app.get(
        "/ws",
        upgrade(() => ({
          async onTextMessage(caller, text) {
            journal.add(`${text} of ${[...connections].length}, ${[...connections].includes(caller)}`);
            await handler.promise;
            journal.add("finished");
          },
          onClose: (_caller, code) => journal.add(`close ${code}`),
        })),
      );
      const use: Parameters<typeof serve>[1] = async ({ port, connect, refusal }) => {
        assert.deepEqual([...connections], []);
        const [first, second] = [await connect("/ws"), await connect("/ws")];
        await first.send.text("begun");
        await journal.until(/^begun/);
        let isStopped = false;
        const stopping = connections.gracefulStop({ deadline: 5 }).then(() => {
          isStopped = true;
        });
        assert.equal((await second.ended()).code, 1001);
        assert.equal((await first.ended()).code, 1001);
        const refused = await refusal("/ws");
        assert.deepEqual([refused.status, refused.header("retry-after")], [503, "1"]);
        assert.equal(await (await fetch(`http://127.0.0.1:${port}/page`)).text(), "page");
        assert.equal(isStopped, false);
        handler.resolve();
        await subject.within("gracefulStop", stopping);
        assert.deepEqual(journal.entries, ["begun of 2, true", "close 1001", "finished", "close 1001"]);
        assert.deepEqual([...connections], []);
        assert.equal((await refusal("/ws")).status, 503);
      };
      await serve(app, use, undefined, { connections });
    });

    subject.test(`R27 ${name}: what is left at the deadline is dropped, and a stop that is sooner counts`, async () => {
      const app = new Hono();
      const hang = { onTextMessage: () => new Promise<never>(() => {}) };
      app.get(
        "/ws",
        upgrade(() => hang),
      );
      for (const sooner of [false, true]) {
        const connections = new Connections();
        const use: Parameters<typeof serve>[1] = async ({ connect }) => {
          const client = await connect("/ws");
          await client.send.text("hang");
          await client.send.ping("");
          await client.frame();
          const stopping = connections.gracefulStop({ deadline: sooner ? 600 : 0.05 });
          if (sooner) await subject.within("immediateStop", connections.immediateStop());
          await subject.within("gracefulStop", stopping);
          await client.ended();
          assert.deepEqual([...connections], []);
        };
        await serve(app, use, undefined, { connections });
      }
    });

    subject.test(`R27 ${name}: one Connections holds those of several servers, and of later ones`, async () => {
      const connections = new Connections();
      const app = new Hono();
      app.get(
        "/ws",
        upgrade(() => ({ onTextMessage: (_caller, text) => text })),
      );
      for (let round = 0; round < 2; round++) {
        await serve(
          app,
          async ({ connect: connectFirst }) => {
            await serve(
              app,
              async ({ connect }) => {
                const clients = [await connectFirst("/ws"), await connect("/ws")];
                assert.equal([...connections].length, 2);
                await subject.within("gracefulStop", connections.gracefulStop());
                for (const client of clients) assert.equal((await client.ended()).code, 1001);
              },
              undefined,
              { connections },
            );
          },
          undefined,
          { connections },
        );
      }
    });
  }

  subject.test("R27 a stop of no connections settles at once, and a negative deadline throws", async () => {
    const connections = new Connections();
    await connections.gracefulStop();
    connections.add(new Host(ENGINE_CAPABILITIES[subject.engine]));
    assert.throws(() => connections.gracefulStop({ deadline: -1 }), RangeError);
    await Promise.all([connections.gracefulStop(), connections.gracefulStop(), connections.immediateStop()]);
    await connections[Symbol.asyncDispose]();
  });
}
