import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { after, type TestContext, test } from "node:test";
import { Hono } from "hono";
import type { Page } from "playwright-core";
import { Listener, type Service } from "../../mod.ts";
import { root } from "../../scripts/root.ts";
import { runtime } from "../../scripts/runtimes.ts";
import { run } from "../../scripts/spawn.ts";
import { Waiter } from "../kit/waiter.ts";
import type * as contractPage from "./contract_page.ts";
import { market } from "./contract_page.ts";
import { Window } from "./tabs.ts";

/** What the page has made global. */
declare const join: typeof contractPage.join;

const bundled = bundle();

/** What a page waits for may never come. */
const within = { timeout: 20_000 };

/** What a bundler makes of client, contract and schemas for a page. */
async function bundle(): Promise<string> {
  const folder = mkdtempSync(joinPath(tmpdir(), "switchboard-bundle-"));
  after(() => rmSync(folder, { recursive: true }));
  const args = ["build", "--minify", "--target", "browser", "--external", "./adapters/ws/*", "--outfile"];
  const entry = "tests/browser/contract_page.ts";
  const { code, output } = await run(runtime("bun").binary, [...args, `${folder}/page.js`, entry], { cwd: root });
  assert.equal(code, 0, output);
  return readFileSync(`${folder}/page.js`, "utf8");
}

/** A server of the page and of the service that it talks to. */
class Server {
  readonly log: string[] = [];
  readonly #waiter = new Waiter();
  #listener: Listener | undefined;
  port = 0;

  async start(code: string): Promise<void> {
    const app = new Hono();
    const page = `<!doctype html><link rel="icon" href="data:,">
      <script type="module">import * as page from "/page.js"; Object.assign(globalThis, page);</script>`;
    app.get("/", (context) => context.html(page));
    app.get("/page.js", (context) => context.body(code, 200, { "content-type": "text/javascript" }));
    const listener = new Listener(app, { port: this.port, logger: { debug() {}, info() {}, warn() {}, error() {} } });
    listener.attach("/market", () => this.#service());
    await listener.start();
    this.port = listener.port;
    this.#listener = listener;
  }

  async stop(): Promise<void> {
    await this.#listener?.gracefulStop({ deadline: 1 });
  }

  until(line: string): Promise<void> {
    return this.#waiter.until(
      line,
      () => this.log.includes(line),
      8000,
      () => this.log.join(),
    );
  }

  #service(): Service {
    return market.service({
      onQuote: (caller, { symbol }) => {
        void caller.send("alert", { text: `Asked for ${symbol}` });
        return { price: symbol.length };
      },
      onPrices: (_caller, { symbol }) => this.#prices(symbol.length),
    });
  }

  async *#prices(price: number): AsyncGenerator<{ price: number }> {
    try {
      for (;;) {
        yield { price };
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      this.log.push(`no more of ${price}`);
      this.#waiter.wake();
    }
  }
}

/** A page with client and contract, at a server that is stopped with the test. */
async function open(t: TestContext): Promise<{ server: Server; page: Page; window: Window }> {
  const server = new Server();
  await server.start(await bundled);
  t.after(() => server.stop());
  const window = await Window.open(t);
  const { page } = await window.visit(server);
  await page.waitForFunction("'join' in globalThis");
  return { server, page, window };
}

test("contract: in a page requests, errors, streams and pushes work as elsewhere", within, async (t) => {
  const { server, page, window } = await open(t);
  const seen = await page.evaluate(async () => {
    const client = await join("/market");
    const alerts = client.pushes("alert");
    const quote = await client.request("quote", { symbol: "ACME" });
    const { text } = (await alerts.next()).value ?? { text: "" };
    const refused = await client
      .request("quote", { symbol: "far too long" })
      .catch(({ name, code, issues }) => ({ name, code, path: issues[0].path }));
    const prices: number[] = [];
    for await (const { price } of client.stream("prices", { symbol: "ABC" })) if (prices.push(price) === 3) break;
    const aborted = await client
      .stream("prices", { symbol: "AB" }, { signal: AbortSignal.abort(new Error("enough")) })
      .next()
      .catch((error) => error.message);
    await client.close();
    const ended = (await alerts.next()).done ? "ended" : "another";
    return { quote, text, refused, prices, aborted, ended, transport: client.transport };
  });
  assert.deepEqual(seen, {
    quote: { price: 4 },
    text: "Asked for ACME",
    refused: { name: "RequestError", code: "invalid_message", path: ["symbol"] },
    prices: [3, 3, 3],
    aborted: "enough",
    ended: "ended",
    transport: "platform",
  });
  await server.until("no more of 3");
  assert.deepEqual(window.complaints, []);
});

test("contract: in a page a stream with resubscribe goes on after a restart of the server", within, async (t) => {
  const { server, page } = await open(t);
  const pending = page.evaluate(async () => {
    const client = await join("/market", { retryConfig: { interval: 0.05, jitter: 0 } });
    const once = client.stream("prices", { symbol: "AB" });
    await once.next();
    const states: string[] = [];
    client.addEventListener("statechange", () => states.push(client.state));
    let after = 0;
    for await (const { price } of client.stream("prices", { symbol: "ABC" }, { resubscribe: true })) {
      Object.assign(globalThis, { price });
      if (states.includes("open") && (after += 1) === 3) break;
    }
    let ended = "";
    for (; ended === ""; )
      ended = await once.next().then(
        ({ done }) => (done ? "done" : ""),
        (error) => error.code,
      );
    await client.close();
    return { states: states.slice(0, 2), ended };
  });
  await page.waitForFunction("globalThis.price === 3");
  await server.stop();
  await server.start(await bundled);
  assert.deepEqual(await pending, { states: ["reconnecting", "open"], ended: "connection_lost" });
});
