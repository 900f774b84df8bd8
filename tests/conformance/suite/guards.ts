/** R22 in a Hono app: its middleware guards the upgrade as it guards every other route. */
import assert from "node:assert/strict";
import { Hono, type MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { type App, upgrade } from "../../../mod.ts";
import { type Mount, mountsOf } from "./mounted.ts";
import { type Subject, wait } from "./subject.ts";

const hello = upgrade(() => ({ onOpen: () => "hello" }));

export function guards(subject: Subject, mounts: readonly Mount[]): void {
  for (const [name, serve] of mountsOf(subject, mounts)) {
    const guards: readonly [string, MiddlewareHandler, number, string][] = [
      ["before next()", async (c) => c.text("no entry", 401, { "www-authenticate": "Basic" }), 401, "no entry"],
      [
        "after next(), by setting the response",
        async (c, next) => {
          await next();
          c.res = new Response("no entry", { status: 403 });
        },
        403,
        "no entry",
      ],
      [
        "after next(), by clearing the response first",
        async (c, next) => {
          await next();
          c.res = undefined;
          c.res = new Response("come back later");
        },
        200,
        "come back later",
      ],
      [
        "after next(), with a page of status 200",
        async (c, next) => {
          await next();
          c.res = new Response("come back later");
        },
        200,
        "come back later",
      ],
      [
        "with an HTTPException before next()",
        async () => {
          throw new HTTPException(418, { message: "no entry" });
        },
        418,
        "no entry",
      ],
      [
        "with an HTTPException after next()",
        async (_c, next) => {
          await next();
          throw new HTTPException(418, { message: "no entry" });
        },
        418,
        "no entry",
      ],
      ["with a redirect", async (c) => c.redirect("/login"), 302, ""],
    ];
    for (const [how, guard, status, body] of guards) {
      subject.test(`${name}: middleware refuses ${how}`, async () => {
        let opened = 0;
        const app = new Hono();
        app.use(guard);
        app.get(
          "/",
          upgrade(() => ({ onOpen: () => void opened++ })),
        );
        await serve(app, async ({ refusal }) => {
          const response = await refusal();
          assert.deepEqual([response.status, response.body], [status, body]);
          assert.equal(response.headers.filter(([name]) => /x-switchboard/i.test(name)).length, 0);
          await wait(10);
          assert.equal(opened, 0);
        });
      });
    }

    subject.test(
      `${name}: middleware that throws is answered by the app's onError, before and after the service has accepted`,
      async () => {
        for (const late of [false, true]) {
          let opened = 0;
          const app = new Hono();
          app.onError((error, c) => c.text(`app: ${error.message}`, 503));
          app.use(async (_c, next) => {
            if (late) await next();
            throw new Error("on purpose");
          });
          app.get(
            "/",
            upgrade(() => ({ onOpen: () => void opened++ })),
          );
          await serve(app, async ({ refusal }) => {
            const response = await refusal();
            assert.deepEqual([response.status, response.body], [503, "app: on purpose"]);
            await wait(10);
            assert.equal(opened, 0);
          });
        }
      },
    );

    subject.test(`${name}: an app whose fetch throws or rejects is answered for with 500, and goes on`, async () => {
      let fail: "throw" | "reject" | undefined = "throw";
      const inner = new Hono();
      inner.get("/", hello);
      const app: App = {
        fetch(asked, env) {
          if (fail === "throw") throw new Error("on purpose");
          if (fail === "reject") return Promise.reject(new Error("on purpose"));
          return inner.fetch(asked, env);
        },
      };
      await serve(
        app,
        async ({ connect, refusal }) => {
          assert.equal((await refusal()).status, 500);
          fail = "reject";
          assert.equal((await refusal()).status, 500);
          fail = undefined;
          assert.equal(await (await connect()).message(), "hello");
        },
        /on purpose/,
      );
    });

    subject.test(
      `${name}: an upgrade handler that throws is answered with 500, not by the app's onError, and logged once`,
      async () => {
        const app = new Hono();
        app.get(
          "/",
          upgrade(() => {
            throw new Error("secret");
          }),
        );
        await serve(
          app,
          async ({ refusal, log }) => {
            const response = await refusal();
            assert.equal(response.status, 500);
            assert.doesNotMatch(response.body, /secret/);
            assert.equal(log.count(/secret/), 1);
          },
          /secret/,
        );
      },
    );
  }
}
