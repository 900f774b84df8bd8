import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { Hono } from "hono";
import type { Page } from "playwright-core";
import type * as entry from "../../entries/client.ts";
import { type Caller, Listener, type Service, UpgradeError } from "../../mod.ts";
import { root } from "../../scripts/root.ts";
import { runtime } from "../../scripts/runtimes.ts";
import { run } from "../../scripts/spawn.ts";
import { saysNothing } from "../kit/answers.ts";
import { serve } from "../kit/raw_server.ts";
import { Window } from "./tabs.ts";

/** What the page has made global. */
declare const Client: typeof entry.Client;

const bundled = bundle();

/** What a page waits for may never come. */
const within = { timeout: 20_000 };

/** The client as a bundler makes it for a page. */
async function bundle(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "switchboard-bundle-"));
  after(() => rmSync(folder, { recursive: true }));
  const args = ["build", "--minify", "--target", "browser", "--external", "./adapters/ws/*", "--outfile"];
  const { code, output } = await run(runtime("bun").binary, [...args, `${folder}/client.js`, "entries/client.ts"], {
    cwd: root,
  });
  assert.equal(code, 0, output);
  return readFileSync(`${folder}/client.js`, "utf8");
}

/** A server of the page and of the services that it talks to. */
class Server {
  /** What has happened: refusals, messages and ends. */
  readonly log: string[] = [];
  readonly callers = new Set<Caller>();
  readonly #code: string;
  #listener: Listener | undefined;
  port = 0;

  constructor(code: string) {
    this.#code = code;
  }

  async start(): Promise<void> {
    const page = `<!doctype html><link rel="icon" href="data:,">
      <script type="module">import * as entry from "/client.js"; Object.assign(globalThis, entry);</script>`;
    const app = new Hono();
    app.get("/", (context) => context.html(page));
    app.get("/client.js", (context) => context.body(this.#code, 200, { "content-type": "text/javascript" }));
    const listener = new Listener(app, { port: this.port, logger: { debug() {}, info() {}, warn() {}, error() {} } });
    listener.attach("/echo", () => this.#echo(), { subProtocols: ["v1"], maxFrameSize: 2 ** 20 });
    listener.attach("/refused", () => {
      this.log.push("refused");
      return new UpgradeError("Not today", { status: 503 });
    });
    await listener.start();
    this.port = listener.port;
    this.#listener = listener;
  }

  /** Tells everybody 1001, and ends. */
  async stop(): Promise<void> {
    await this.#listener?.gracefulStop({ deadline: 1 });
  }

  #echo(): Service {
    return {
      onOpen: (caller) => void this.callers.add(caller),
      onTextMessage: (caller, text) => {
        this.log.push(text);
        if (text === "drop") caller.terminate();
        else if (text.startsWith("close")) void caller.close(Number(text.slice(5)), "As you wish");
        else if (text === "large") return "x".repeat(70_000);
        else if (text !== "quiet") return text;
      },
      onBinaryMessage: (_caller, data) => data,
      onClose: (caller, code, reason) => {
        this.callers.delete(caller);
        this.log.push(`${code} ${reason}`.trim());
      },
    };
  }
}

/** A page with the client, at a server that is stopped with the test. */
async function open(t: TestContext): Promise<{ server: Server; page: Page }> {
  const server = new Server(await bundled);
  await server.start();
  t.after(() => server.stop());
  const { page } = await (await Window.open(t)).visit(server);
  await page.waitForFunction("'Client' in globalThis");
  return { server, page };
}

test("L1 in a page the client writes, reads in order, iterates and closes", within, async (t) => {
  const { server, page } = await open(t);
  const seen = await page.evaluate(async () => {
    const client = await Client.connect("/echo", { subProtocols: ["v2", "v1"] });
    const { url, state, isOpen, isSecure, transport, negotiatedSubProtocol } = client;
    const reads = [client.readTextMessage(), client.readMessage()];
    await client.writeTextMessage("Grüß dich");
    await client.writeMessage({ a: [1] });
    await client.writeBinaryMessage(new Uint8Array([0, 255]));
    const read: unknown[] = await Promise.all(reads);
    read.push(await client.readTextMessage().catch((error) => error.code), [...(await client.readBinaryMessage())]);
    await client.writeTextMessage("one");
    await client.writeTextMessage("close4000");
    for await (const message of client) read.push(message);
    const after = await client.readMessage().catch((error) => [error.code, error.statusCode, error.reason]);
    const closed = await client.closed;
    return { members: { url, state, isOpen, isSecure, transport, negotiatedSubProtocol }, read, after, closed };
  });
  assert.deepEqual(seen.members, {
    url: `ws://localhost:${server.port}/echo`,
    state: "open",
    isOpen: true,
    isSecure: false,
    transport: "platform",
    negotiatedSubProtocol: "v1",
  });
  assert.deepEqual(seen.read, ["Grüß dich", '{"a":[1]}', "invalid_binding", [0, 255], "one"]);
  assert.deepEqual(seen.after, ["connection_closed", 4000, "As you wish"]);
  assert.deepEqual(seen.closed, { code: 4000, reason: "As you wish" });
});

test(
  "L2, L5, L13 in a page a read times out, and too much or too large a message ends the client",
  within,
  async (t) => {
    const { server, page } = await open(t);
    const seen = await page.evaluate(async () => {
      const client = await Client.connect("/echo", { readTimeout: 0.1 });
      const late = await client.readTextMessage().catch((error) => error.code);
      await client.writeTextMessage("still there");
      let read: string | undefined;
      while (read === undefined) read = await client.readTextMessage().catch(() => undefined);
      await client.writeTextMessage("large");
      const { code } = await client.closed;
      const large = [code, await client.readTextMessage().catch((error) => error.cause?.code)];
      const full = await Client.connect("/echo", { maxQueuedMessages: 1 });
      for (let count = 0; count < 20; count++) void full.writeTextMessage("more");
      const closed = await full.closed;
      return { late, read, large, closed };
    });
    assert.deepEqual(seen, {
      late: "read_timed_out",
      read: "still there",
      large: [1009, "payload_too_large"],
      closed: { code: 1013, reason: "Too many unread messages" },
    });
    // A browser sends neither 1009 nor 1013, so its close frame has no code.
    assert.deepEqual(
      server.log.filter((line) => /^\d/.test(line)),
      ["1005", "1005"],
    );
  },
);

test("L11 in a page close() sends 1000 and 3000-4999; another code stays with the client", within, async (t) => {
  const { server, page } = await open(t);
  const closed = await page.evaluate(async () => {
    const ends: unknown[] = [];
    for (const code of [1000, 3000, 4999, 1011]) {
      const client = await Client.connect("/echo");
      await client.close(code, "Enough");
      ends.push([client.state, await client.closed]);
    }
    return ends;
  });
  const expected = [1000, 3000, 4999, 1011].map((code) => ["closed", { code, reason: "Enough" }]);
  assert.deepEqual(closed, expected);
  assert.deepEqual(server.log, ["1000 Enough", "3000 Enough", "4999 Enough", "1005"]);
});

test("L8 in a page a refusal is final at the first attempt, unless retryOn says otherwise", within, async (t) => {
  const { server, page } = await open(t);
  const refused = await page.evaluate(() =>
    Client.connect("/refused", { retryConfig: { interval: 0.01, maxCount: 3 } }).then(
      () => ({ name: "connected", message: "" }),
      ({ name, message }: Error) => ({ name, message }),
    ),
  );
  assert.equal(refused.name, "ConnectionError");
  assert.match(refused.message, /^Cannot connect: /);
  assert.equal(server.log.length, 1);
  await page.evaluate(() =>
    Client.connect("/refused", { retryConfig: { interval: 0.01, maxCount: 2, retryOn: () => true } }).catch(() => {}),
  );
  assert.equal(server.log.length, 4);
});

test("L8-L10 in a page the client comes back after a restart, with its hooks, reads and writes", within, async (t) => {
  const { server, page } = await open(t);
  const events = page.evaluate(async () => {
    const retryConfig = { interval: 0.1, jitter: 0 };
    const client = await Client.connect("/echo", { retryConfig });
    const events: unknown[] = [];
    client.addEventListener("reconnecting", ({ attempt, wait }) =>
      events.push(attempt < 2 ? ["reconnecting", wait] : ""),
    );
    client.addEventListener("open", () => events.push("open"));
    client.addEventListener("close", ({ code }) => events.push(["close", code]));
    client.onReconnect((connection) => connection.writeTextMessage("hook"));
    const { connectionId } = client;
    Object.assign(globalThis, { client });
    const pending = client.readTextMessage();
    await new Promise((resolve) => client.addEventListener("reconnecting", resolve, { once: true }));
    void client.writeTextMessage("queued");
    events.push(await pending, await client.readTextMessage(), connectionId !== client.connectionId, client.state);
    await client.close();
    events.push(client.state);
    return events.filter((event) => event !== "");
  });
  await page.waitForFunction("'client' in globalThis");
  await server.stop();
  await server.start();
  const expected = [["reconnecting", 0.1], "open", "hook", "queued", true, "open", ["close", 1000], "closed"];
  assert.deepEqual(await events, expected);
  // A connection that is cut counts as lost.
  const lost = await page.evaluate(async () => {
    const client = await Client.connect("/echo", { retryConfig: { interval: 0.01 } });
    await client.writeTextMessage("drop");
    const cause = await new Promise<Error>((resolve) =>
      client.addEventListener("reconnecting", (event) => resolve(event.cause), { once: true }),
    );
    await new Promise((resolve) => client.addEventListener("open", resolve, { once: true }));
    await client.writeTextMessage("back");
    const read = await client.readTextMessage();
    await client.close();
    return [cause.message, read];
  });
  assert.deepEqual(lost, ["The connection was lost", "back"]);
});

test(
  "L11 in a page an attempt is given up by signal and by handShakeTimeout, and close() ends the wait for the next",
  within,
  async (t) => {
    const { server, page } = await open(t);
    const silent = await serve(saysNothing());
    t.after(() => silent[Symbol.asyncDispose]());
    const errors = await page.evaluate(async (url) => {
      const aborter = new AbortController();
      const connecting = Client.connect(url, { signal: aborter.signal, retryConfig: {} });
      setTimeout(() => aborter.abort(new Error("Enough")), 50);
      const aborted = await connecting.catch((error) => error.message);
      const late = await Client.connect(url, { handShakeTimeout: 0.1 }).catch((error) => error.code);
      return [aborted, late];
    }, silent.url);
    assert.deepEqual(errors, ["Enough", "handshake_timed_out"]);
    await silent.until("both attempts to be given up", () => silent.attempts.length === 2 && silent.open === 0);
    const ended = page.evaluate(async () => {
      const client = await Client.connect("/echo", { retryConfig: { interval: 60 } });
      const waits = new Promise((resolve) => client.addEventListener("reconnecting", resolve));
      await client.writeTextMessage("drop");
      await waits;
      const queued = client.writeTextMessage("never").catch((error) => error.code);
      await client.close();
      return [await queued, await client.closed, client.state];
    });
    assert.deepEqual(await ended, ["connection_closed", { code: 1006, reason: "" }, "closed"]);
    assert.equal(server.callers.size, 0);
  },
);

test("L12 in a page nothing is tried without a network, and soon once it is back", within, async (t) => {
  const { server, page } = await open(t);
  await page.evaluate(async () => {
    const client = await Client.connect("/echo", { retryConfig: { interval: 0.05, jitter: 0 } });
    Object.assign(globalThis, { client, attempts: 0, opened: 0 });
    client.addEventListener("reconnecting", () => Object.assign(globalThis, { attempts: performance.now() }));
  });
  await page.context().setOffline(true);
  for (const caller of server.callers) caller.terminate();
  await page.waitForFunction("attempts > 0");
  const sockets = await page.evaluate("sockets.length");
  await page.evaluate("new Promise((resolve) => setTimeout(resolve, 300))");
  assert.deepEqual(await page.evaluate("[sockets.length, client.state]"), [sockets, "reconnecting"]);
  await page.context().setOffline(false);
  await page.waitForFunction("client.state === 'open'", undefined, { timeout: 2000 });
});

test(
  "CLI-02 in a page what the browser cannot do is refused before any connection, and the message names the option",
  within,
  async (t) => {
    const { page } = await open(t);
    const messages = await page.evaluate(async () => {
      const configs: entry.ClientConfig[] = [
        { customHeaders: { "x-a": "b" } },
        { cookies: { a: "b" } },
        { auth: { username: "ann", password: "secret" } },
        { secureSocket: {} },
        { pingPongHandler: {} },
        { webSocketCompressionEnabled: false },
        { transport: "ws" },
      ];
      const messages: string[] = [];
      for (const config of configs) {
        const error = await Client.connect("/echo", config).then(
          () => "connected",
          ({ name, message }) => `${name}: ${message}`,
        );
        messages.push(`${Object.keys(config)[0]} ${error}`);
      }
      const client = await Client.connect("/echo", { heartbeat: {} });
      messages.push(
        await Promise.resolve()
          .then(() => client.ping())
          .then(() => "sent", String),
      );
      await client.close();
      return messages;
    });
    for (const message of messages.slice(0, 7)) {
      const [option, ...rest] = message.split(" ");
      assert.match(rest.join(" "), new RegExp(`^UnsupportedError: Option ${option} `), message);
    }
    assert.match(messages[7] ?? "", /^UnsupportedError: Cannot ping/);
    assert.doesNotMatch(messages.join(), /secret/);
  },
);
