/** R22 and R23: parameters, query and headers that schemas check. */
import assert from "node:assert/strict";
import {
  array,
  checkAsync,
  integer,
  number,
  object,
  objectAsync,
  optional,
  picklist,
  pipe,
  pipeAsync,
  string,
  toNumber,
} from "valibot";
import { type StandardSchema, upgrade } from "../../../mod.ts";
import { connect, type HandshakeOptions, HandshakeRefused, HttpResponse, RawClient } from "../../kit/raw_client.ts";
import { Log, type Subject } from "./subject.ts";

const schemas = {
  params: object({ room: pipe(string(), toNumber(), integer()) }),
  query: object({ color: optional(picklist(["red", "blue"])), tag: optional(array(string())) }),
  headers: object({ "x-version": optional(pipe(string(), toNumber(), number())) }),
};

export function binding(subject: Subject): void {
  subject.test("R22 the handler gets what the schemas make of parameters, query and headers", async () => {
    const service = upgrade(schemas, ({ params, query, headers }) => ({
      onOpen: () => ({
        room: params.room,
        color: query.color ?? null,
        tag: query.tag ?? null,
        version: headers["x-version"] ?? 0,
      }),
    }));
    await run(subject, service, async (open) => {
      const client = await open({ path: "/rooms/12?color=red&tag=a&tag=b", headers: { "X-Version": "3" } });
      assert.ok(client instanceof RawClient);
      assert.deepEqual(JSON.parse(`${await client.message()}`), {
        room: 12,
        color: "red",
        tag: ["a", "b"],
        version: 3,
      });
    });
  });

  const wrong: readonly [string, HandshakeOptions, RegExp][] = [
    ["a parameter", { path: "/rooms/twelve" }, /^The path parameter "room" is not as it must be: .+\n$/],
    ["the query", { path: "/rooms/1?color=green" }, /^The query parameter "color" is not as it must be: .*red.*\n$/],
    ["the query in form", { path: "/rooms/1?tag=a" }, /^The query parameter "tag" is not/],
    [
      "a header",
      { path: "/rooms/1", headers: { "X-Version": "new" } },
      /^The header "x-version" is not as it must be: .+\n$/,
    ],
    ["what would break a line", { path: "/rooms/1?color=a%0d%0ab%1b" }, /^[ -~]+\n$/],
    [
      "the name of a prototype",
      { path: "/rooms/1?tag=a&__proto__=b&constructor=c" },
      /^The query parameter "tag" is not/,
    ],
  ];
  for (const [what, send, body] of wrong) {
    subject.test(`R23 ${what} that does not fit is refused with 400, which names it`, async () => {
      let called = false;
      const service = upgrade(schemas, () => {
        called = true;
        return {};
      });
      await run(subject, service, async (open) => {
        const response = await open(send);
        assert.ok(response instanceof HttpResponse);
        assert.equal(response.status, 400);
        assert.match(response.body, body);
        assert.equal(called, false);
      });
    });
  }

  subject.test("R22 a schema may take its time", async () => {
    const params = objectAsync({
      room: pipeAsync(
        string(),
        checkAsync(async (room) => (await room) === "12", "Unknown room"),
      ),
    });
    const service = upgrade({ params }, ({ params: { room } }) => ({ onOpen: () => room }));
    await run(subject, service, async (open) => {
      const client = await open({ path: "/rooms/12" });
      assert.ok(client instanceof RawClient);
      assert.equal(await client.message(), "12");
      const response = await open({ path: "/rooms/13" });
      assert.ok(response instanceof HttpResponse);
      assert.equal(response.body, 'The path parameter "room" is not as it must be: Unknown room\n');
    });
  });

  subject.test("R23 a schema that throws is answered with 500, and the process lives", async () => {
    const broken: StandardSchema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => {
          throw new Error("broken");
        },
      },
    };
    await run(
      subject,
      upgrade({ query: broken }, () => ({})),
      async (open, log) => {
        for (let i = 0; i < 2; i++) {
          const response = await open({ path: "/rooms/1" });
          assert.ok(response instanceof HttpResponse);
          assert.equal(response.status, 500);
        }
        assert.equal(log.count(/^error An upgrade handler failed.*broken/), 2);
      },
    );
  });

  subject.test("R23 a schema that asks for a header in capitals fits no request, and the log says why", async () => {
    const line = "info Refused an upgrade with 400: it does not fit the schema that is option headers";
    for (const [name, said] of [
      ["X-Version", `${line}, which asks for "X-Version": names of headers are in lower case here`],
      ["x-version", line],
    ] as const) {
      await run(
        subject,
        upgrade({ headers: object({ [name]: picklist(["3"]) }) }, () => ({})),
        async (open, log) => {
          const response = await open({ path: "/rooms/1", headers: { "X-Version": "4" } });
          assert.ok(response instanceof HttpResponse);
          assert.equal(response.status, 400);
          assert.equal(log.count(said), 1, log.entries.join("\n"));
        },
      );
    }
  });

  subject.test("B17 what a schema says of a header or parameter that holds a credential is kept back", async () => {
    const only = (name: string) => object({ [name]: picklist(["public"]) });
    const auth = [{ scheme: "Bearer" as const, authenticate: () => Promise.resolve({ scopes: [], claims: {} }) }];
    const services = [
      upgrade({ headers: only("authorization") }, () => ({})),
      upgrade({ headers: only("cookie") }, () => ({})),
      upgrade({ query: only("t"), auth, credentials: [{ query: "t" }] }, () => ({})),
    ];
    for (const service of services) {
      await run(subject, service, async (open) => {
        const headers = { Authorization: "Bearer S3CRET", Cookie: "session=S3CRET" };
        const response = await open({ path: "/rooms/1?t=S3CRET", headers });
        assert.ok(response instanceof HttpResponse);
        assert.equal(response.status, 400);
        assert.doesNotMatch(response.body, /S3CRET/);
      });
    }
  });
}

type Open = (options: HandshakeOptions) => Promise<RawClient | HttpResponse>;

async function run(
  subject: Subject,
  service: ReturnType<typeof upgrade>,
  use: (open: Open, log: Log) => Promise<void>,
): Promise<void> {
  const log = new Log(subject.patience);
  const listener = subject.listener({ logger: log });
  const clients: RawClient[] = [];
  listener.attach("/rooms/:room", service);
  await listener.start();
  try {
    await use(async (options) => {
      try {
        const client = await connect(listener.port, options);
        clients.push(client);
        return client;
      } catch (error) {
        if (error instanceof HandshakeRefused) return error.response;
        throw error;
      }
    }, log);
  } finally {
    for (const client of clients) client.destroy();
    await listener.immediateStop();
  }
}
