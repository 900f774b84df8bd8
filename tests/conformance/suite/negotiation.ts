/** R24 to R26: subprotocols, origins, frames that come early, and headers of the 101. */
import assert from "node:assert/strict";
import { type ServiceConfig, type UpgradeHandler, upgrade } from "../../../mod.ts";
import {
  connect,
  type HandshakeOptions,
  HandshakeRefused,
  type HttpResponse,
  PING,
  toFrame,
} from "../../kit/raw_client.ts";
import { type Running, type Setup, type Subject, wait } from "./subject.ts";

const accepting: UpgradeHandler = () => ({ onOpen: () => "open" });
export function negotiation(subject: Subject): void {
  const choices: readonly [string, readonly string[] | undefined, readonly string[], string | undefined][] = [
    ["nothing is offered", undefined, ["a"], undefined],
    ["nothing is spoken", ["a", "b"], [], undefined],
    ["none is common", ["x"], ["a", "b"], undefined],
    ["one is common", ["x", "b"], ["a", "b"], "b"],
    ["several are common, the client's order wins", ["c", "b", "a"], ["a", "b", "c"], "c"],
    ["the case differs", ["A"], ["a"], undefined],
  ];
  for (const [when, offered, spoken, chosen] of choices) {
    subject.test(`R24 ${chosen === undefined ? "no subprotocol" : `"${chosen}"`} is echoed when ${when}`, async () => {
      await subject.serve(
        () => ({ onOpen: (caller) => `${caller.negotiatedSubProtocol}` }),
        async ({ connect: open }) => {
          const client = await open(offered === undefined ? {} : { protocols: offered });
          const echoed = client.response.headerAll("sec-websocket-protocol");
          assert.deepEqual(echoed, chosen === undefined ? [] : [chosen]);
          assert.equal(await client.message(), `${chosen}`);
        },
        { config: { subProtocols: spoken } },
      );
    });
  }

  for (const list of ["a,b", "a ,\tb", ["a", "b"]]) {
    subject.test(`R24 "b" is echoed when the list is written as ${JSON.stringify(list)}`, async () => {
      await subject.serve(
        () => ({ onOpen: () => "open" }),
        async ({ connect: open }) => {
          const client = await open({ headers: { "Sec-WebSocket-Protocol": list } });
          assert.deepEqual(client.response.headerAll("sec-websocket-protocol"), ["b"]);
          assert.equal(await client.message(), "open");
        },
        { config: { subProtocols: ["b"] } },
      );
    });
  }

  subject.test("R24 requireSubProtocol refuses with 400 who offers none of them, and nobody else", async () => {
    const config = { subProtocols: ["a"], requireSubProtocol: true };
    for (const headers of [{}, { "Sec-WebSocket-Protocol": "x" }]) {
      const check = ({ status, body }: HttpResponse): void =>
        assert.deepEqual([status, body], [400, "Offer one of the subprotocols a\n"]);
      await refused(subject, accepting, { headers }, check, { config });
    }
    await subject.run(
      () => accepting,
      async ({ connect: open }) => {
        assert.equal(await (await open({ protocols: ["x", "a"] })).message(), "open");
      },
      { config },
    );
  });

  const origins: readonly [string, ServiceConfig, (port: number) => string | null, boolean][] = [
    ["no Origin, by default", {}, () => null, true],
    ["the same origin, by default", {}, (port) => `http://127.0.0.1:${port}`, true],
    ["the same host over TLS, by default", {}, (port) => `https://127.0.0.1:${port}`, true],
    ["another port, by default", {}, (port) => `http://127.0.0.1:${port + 1}`, false],
    ["another host that begins alike", {}, (port) => `http://127.0.0.1:${port}.evil.example`, false],
    ["no origin at all but text", {}, () => "evil", false],
    ["a listed origin", { origins: ["https://a.example"] }, () => "https://a.example", true],
    ["a listed origin in other letters", { origins: ["https://a.example"] }, () => "HTTPS://A.example:443", true],
    [
      "the same origin, which is not listed",
      { origins: ["https://a.example"] },
      (port) => `http://127.0.0.1:${port}`,
      false,
    ],
    ["a host under a listed one", { origins: ["https://a.example"] }, () => "https://x.a.example", false],
    ["null when it is listed", { origins: ["null"] }, () => "null", true],
    ['any origin with "*"', { origins: "*" }, () => "https://evil.example", true],
    ["no Origin with a list", { origins: ["https://a.example"] }, () => null, true],
  ];
  for (const [what, config, origin, passes] of origins) {
    subject.test(`R25 ${what} ${passes ? "passes" : "is refused with 403"}`, async () => {
      await subject.run(
        () => accepting,
        async ({ listener, connect: open, log }) => {
          const headers = { Origin: origin(listener.port) };
          if (passes) {
            assert.equal(await (await open({ headers })).message(), "open");
            return;
          }
          await assert.rejects(open({ headers }), (error: unknown) => {
            assert.ok(error instanceof HandshakeRefused);
            assert.equal(error.response.status, 403);
            return true;
          });
          assert.equal(log.count(/^info .*origins/), 1);
        },
        { config },
      );
    });
  }

  for (const [when, delay, gap] of [
    ["at once", undefined, undefined],
    ["later", 30, "earlyFrames"],
  ] as const) {
    subject.gapTest(
      gap,
      `R26 frames sent with the handshake are handled in order when the handler accepts ${when}`,
      async () => {
        await subject.run(
          ({ journal }) => {
            const service = {
              async onOpen() {
                journal.add("open");
                await wait(5);
              },
              onTextMessage: (_caller: unknown, text: string) => journal.add(text),
            };
            return () => (delay === undefined ? service : wait(delay).then(() => service));
          },
          async ({ connect: open, journal }) => {
            const frames = ["0", "1", "2"].map((payload) => toFrame({ payload }));
            const client = await open({ early: Buffer.concat([...frames, toFrame({ opcode: PING })]) });
            await client.send.text("3");
            await journal.until("3");
            assert.deepEqual(journal.entries, ["open", "0", "1", "2", "3"]);
          },
        );
      },
    );
  }

  const given: readonly [string, ServiceConfig["responseHeaders"]][] = [
    ["a record", { "X-One": "1", "Set-Cookie": "a=1; Path=/" }],
    [
      "pairs",
      [
        ["X-One", "1"],
        ["Set-Cookie", "a=1; Path=/"],
        ["Set-Cookie", "b=2; HttpOnly"],
      ],
    ],
    [
      "a function",
      (asked) => [
        ["X-One", new URL(asked.url).pathname === "/" ? "1" : "0"],
        ["Set-Cookie", "a=1; Path=/"],
      ],
    ],
  ];
  for (const [how, responseHeaders] of given) {
    subject.test(`R22 responseHeaders given as ${how} stand in the 101`, async () => {
      await subject.run(
        () => accepting,
        async ({ connect: open }) => {
          const { response } = await open();
          assert.equal(response.header("x-one"), "1");
          const cookies = response.headerAll("set-cookie");
          assert.deepEqual(cookies, how === "pairs" ? ["a=1; Path=/", "b=2; HttpOnly"] : ["a=1; Path=/"]);
        },
        { config: responseHeaders === undefined ? {} : { responseHeaders } },
      );
    });
  }

  subject.test("R22 headers that a handler sets by its context stand in the 101, without an app too", async () => {
    const session: UpgradeHandler = async ({ context, query }) => {
      await wait(0);
      context.header("x-user", query.get("user") ?? "");
      context.header("set-cookie", "a=1; Path=/", { append: true });
      context.header("set-cookie", "b=2; HttpOnly", { append: true });
      return {};
    };
    await subject.run(
      () => session,
      async ({ connect: open }) => {
        const { response } = await open({ path: "/?user=ann" });
        assert.equal(response.header("x-user"), "ann");
        assert.equal(response.header("x-one"), "1");
        assert.deepEqual(response.headerAll("set-cookie"), ["a=1; Path=/", "b=2; HttpOnly"]);
        assert.deepEqual(response.headerAll("content-type"), []);
        assert.equal(response.headers.filter(([name]) => /x-switchboard/i.test(name)).length, 0);
      },
      { config: { responseHeaders: { "x-one": "1" } } },
    );
  });

  for (const [how, promise] of [
    ["resolves", () => Promise.resolve({ "x-one": "1" })],
    ["rejects", () => Promise.reject(new Error("on purpose"))],
  ] as const) {
    subject.test(`R23 responseHeaders that give a promise, which ${how}, are answered with 500`, async () => {
      await refused(subject, accepting, {}, ({ status }) => assert.equal(status, 500), {
        config: { responseHeaders: promise as never },
        logs: /Option responseHeaders gave a promise: must be headers, or a function that gives them at once/,
      });
    });
  }

  subject.test("R22 a handler may leave the answer to another upgrade service, any number of times", async () => {
    const fixed = upgrade({ responseHeaders: { "x-one": "1" } }, () => ({ onOpen: () => "fixed" }));
    const full = upgrade(() => new Response("Full\n", { status: 409 }));
    const choice: UpgradeHandler = ({ context, query }) => {
      context.header("x-two", "2");
      return query.has("full") ? full(context) : fixed(context);
    };
    await subject.run(
      () => choice,
      async ({ connect: open, listener }) => {
        for (let i = 0; i < 2; i++) {
          const client = await open();
          assert.equal(await client.message(), "fixed");
          assert.deepEqual([client.response.header("x-one"), client.response.header("x-two")], ["1", "2"]);
          const { status, body } = await connect(listener.port, { path: "/?full" }).then(
            () => assert.fail("the upgrade was not refused"),
            (error: unknown) => (error instanceof HandshakeRefused ? error.response : assert.fail(`${error}`)),
          );
          assert.deepEqual([status, body], [409, "Full\n"]);
        }
      },
    );
  });

  subject.test("R23 responseHeaders that throw are answered with 500", async () => {
    await refused(subject, accepting, {}, ({ status }) => assert.equal(status, 500), {
      config: {
        responseHeaders: () => {
          throw new Error("on purpose");
        },
      },
      logs: /on purpose/,
    });
  });
}
/** Runs a handler, expects a refusal, and that no connection was opened. */
async function refused(
  subject: Subject,
  handler: UpgradeHandler,
  send: HandshakeOptions,
  look: (response: HttpResponse, running: Running) => unknown,
  setup: Setup = {},
): Promise<void> {
  await subject.run(
    () => handler,
    async (running) => {
      const { port } = running.listener;
      let response: HttpResponse | undefined;
      try {
        await connect(port, send);
      } catch (error) {
        if (!(error instanceof HandshakeRefused)) throw error;
        response = error.response;
      }
      assert.ok(response !== undefined, "the upgrade was not refused");
      await look(response, running);
      assert.equal([...running.listener.connections].length, 0);
    },
    setup,
  );
}
