import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { test } from "node:test";
import { type ServerLimits, toServerLimits } from "../../adapters/node/faults.ts";
import { Listener } from "../../mod.ts";
import { type HostConfig, toHostRules } from "../../src/host_config.ts";
import { silent } from "./support.ts";

const cases: readonly (readonly [
  what: string,
  config: HostConfig,
  expected: Omit<ServerLimits, "keepAliveTimeout">,
])[] = [
  [
    "has 10 s for headers and 120 s for a request by default, and counts the address with the headers",
    {},
    { maxHeaderSize: 12_288, headersTimeout: 10_000, requestTimeout: 120_000, connectionsCheckingInterval: 500 },
  ],
  [
    "has no more for headers than for the request",
    { timeout: 2 },
    { maxHeaderSize: 12_288, headersTimeout: 2000, requestTimeout: 2000, connectionsCheckingInterval: 200 },
  ],
  [
    "looks no more often than 20 times a second",
    { timeout: 0.1 },
    { maxHeaderSize: 12_288, headersTimeout: 100, requestTimeout: 100, connectionsCheckingInterval: 50 },
  ],
  [
    "gives whole milliseconds, for Node takes no others",
    { timeout: 2.01 },
    { maxHeaderSize: 12_288, headersTimeout: 2010, requestTimeout: 2010, connectionsCheckingInterval: 201 },
  ],
  [
    "gives no more than a timer takes",
    { timeout: 1e10 },
    { maxHeaderSize: 12_288, headersTimeout: 10_000, requestTimeout: 2_147_483_647, connectionsCheckingInterval: 500 },
  ],
  [
    "waits for ever, when timeout is 0",
    { timeout: 0 },
    { maxHeaderSize: 12_288, headersTimeout: 0, requestTimeout: 0, connectionsCheckingInterval: 500 },
  ],
];
for (const [what, config, expected] of cases) {
  test(`A7 toServerLimits() ${what}`, () => {
    // Longer than the 60 to 240 s for which balancers keep a connection that they may use again.
    assert.deepEqual(toServerLimits(toHostRules(config)), { ...expected, keepAliveTimeout: 255_000 });
  });
}

test("A7 engine node tells that a connection waits 255 s for its next request", async () => {
  const app = { fetch: () => new Response("hello") };
  const listener = new Listener(app, { port: 0, engine: "node", logger: silent() });
  await listener.start();
  try {
    const response = await fetch(`http://127.0.0.1:${listener.port}`);
    assert.deepEqual([await response.text(), response.headers.get("keep-alive")], ["hello", "timeout=255"]);
  } finally {
    await listener.immediateStop();
  }
});

/** Sends pieces to an app on the engine node, each once what is expected before it has come, and gives all that came back. */
async function converse(
  fetch: () => Response,
  pieces: readonly (readonly [after: string, text: string])[],
): Promise<string> {
  const http1Settings = { keepAlive: "NEVER" } as const;
  const listener = new Listener({ fetch }, { port: 0, engine: "node", logger: silent(), http1Settings });
  await listener.start();
  let got = "";
  try {
    const socket = createConnection(listener.port, "127.0.0.1").setEncoding("latin1");
    const left = [...pieces];
    const go = (): void => {
      for (let [next] = left; next !== undefined && got.includes(next[0]); [next] = left) {
        left.shift();
        socket.write(next[1]);
      }
    };
    socket.on("connect", go).on("data", (text: string) => {
      got += text;
      go();
    });
    await new Promise((resolve) => socket.on("error", resolve).on("close", resolve));
  } finally {
    await listener.immediateStop();
  }
  return got;
}

const ask = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const garbage = "\u0001 no request\r\n\r\n";

test("A7 engine node puts no refusal into the middle of an answer that has begun", async () => {
  const endless = (): Response =>
    new Response(new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode("begun")) }));
  const got = await converse(endless, [
    ["", ask],
    ["begun", garbage],
  ]);
  assert.match(got, /^HTTP\/1\.1 200 /);
  assert.doesNotMatch(got, /HTTP\/1\.1 400/);
});

test("A7 engine node tells a peer that goes on sending what was wrong, once and whole", async () => {
  const got = await converse(() => new Response("hello"), [["", garbage.repeat(500_000)]]);
  assert.match(got, /^HTTP\/1\.1 400 /);
  const [head = "", body] = got.split("\r\n\r\n");
  assert.equal(body, "Send a request of HTTP/1.1\n");
  assert.equal(head.match(/^connection: close$/gim)?.length, 1);
  assert.match(head, /^content-length: 27$/im);
});
