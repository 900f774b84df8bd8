import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { z } from "zod";
import { contract } from "../../entries/contract.ts";
import { closeFrame, Listener } from "../../mod.ts";
import type { AsyncApiDocument } from "../../src/asyncapi/document.ts";
import { document as market, servePage } from "./page_service.ts";
import { Window } from "./tabs.ts";

interface Shown extends Awaited<ReturnType<typeof servePage>> {
  readonly page: Page;
  readonly window: Window;
}

/** Opens the page in a window of its own, which must not complain until the test ends. */
async function show(t: TestContext, of: AsyncApiDocument = market, socketPath?: string): Promise<Shown> {
  const served = await servePage(t, of, socketPath);
  const window = await Window.open(t, { viewport: { width: 1280, height: 720 } });
  const { page } = await window.visit(served);
  return { ...served, page, window };
}

// Without the pointer, which waits for frames: clicks by that are tested where they matter.
const click = (found: Locator): Promise<void> => found.evaluate((element: HTMLElement) => element.click());
const choose = (page: Page, name: string): Promise<void> => click(page.getByRole("link", { name }).first());
const field = (page: Page, name: string): Locator => page.getByLabel(name, { exact: true });
const press = (page: Page, name: string): Promise<void> => click(page.getByRole("button", { name, exact: true }));
const seesIn = (page: Page, place: string, text: string | RegExp): Promise<void> =>
  page.locator(place).getByText(text).first().waitFor();

/** What has the focus: its name, as it is read out. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const label = "labels" in element ? (element.labels as NodeListOf<HTMLElement>)?.[0] : undefined;
    const text = (label ?? element.querySelector(".type-name") ?? element).textContent;
    return (element.ariaLabel ?? text ?? "").trim();
  });

test("the page is used by the keyboard alone: from the list to the form, to a stream, and to its end", async (t) => {
  const { page, window } = await show(t);
  const { keyboard } = page;
  const toFocus = async (name: string, steps = 30) => {
    for (; steps > 0 && (await focused(page)) !== name; steps -= 1) await keyboard.press("Tab");
    assert.equal(await focused(page), name);
  };
  await keyboard.press("Tab");
  assert.equal(await focused(page), "Skip to the message");
  await toFocus("Overview");
  await keyboard.press("ArrowDown");
  assert.equal(await focused(page), "subscribe");
  await keyboard.press("End");
  assert.equal(await focused(page), "alert");
  await keyboard.press("Home");
  await keyboard.press("ArrowDown");
  assert.equal(new URL(page.url()).hash, "#message-subscribe");
  await keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.tagName === "INPUT");
  assert.equal(await focused(page), "symbol");
  await keyboard.type("ACME");
  await keyboard.press("Enter");
  await seesIn(page, "#log", /[3-9] items, running/);
  await toFocus("Cancel");
  await keyboard.press("Enter");
  await seesIn(page, "#log", /items, cancelled in/);
  await page.getByRole("link", { name: "Skip to the message" }).focus();
  await keyboard.press("Enter");
  await keyboard.press("Escape");
  assert.equal(await focused(page), "subscribe");
  assert.equal(await page.getByRole("main").getByRole("heading", { level: 2 }).textContent(), "subscribe");
  assert.deepEqual(window.complaints, []);
});

test("what the service says is wrong stands at the fields until the message is sent anew, from the form or as JSON", async (t) => {
  const { page, window } = await show(t);
  await choose(page, "order");
  await page.getByLabel("Send legs").check();
  await press(page, "Add item");
  await press(page, "Connect and send");
  const invalid = page.locator("[aria-invalid]");
  await invalid.nth(2).waitFor();
  const marks = await invalid.evaluateAll((fields) =>
    fields.map((input) => document.getElementById(input.getAttribute("aria-describedby") ?? "")?.textContent),
  );
  await seesIn(page, "#log .error", "invalid_message: The message does not fit");
  assert.deepEqual(marks, ["Must not be empty", "Must be a number", "Must be a number"]);
  await field(page, "symbol").first().fill("ACME");
  await field(page, "amount").fill("12");
  await field(page, "weight").fill("0.5");
  await field(page, "symbol").last().fill("OTHER");
  await page.locator(".sender [aria-label='limit'] select").selectOption("null");
  await press(page, "Send");
  await seesIn(page, "#log", /done in/);
  assert.equal(await invalid.count(), 0);
  const lastSent = async () =>
    JSON.parse((await page.locator("#log .request").last().locator(".preview").first().textContent()) ?? "");
  const legs = [{ symbol: "OTHER", weight: 0.5 }];
  assert.deepEqual(await lastSent(), {
    symbol: "ACME",
    side: "buy",
    amount: 12,
    limit: null,
    dry_run: false,
    legs,
  });

  await page.getByText("JSON", { exact: true }).click();
  const json = page.getByLabel("Fields as JSON");
  await json.fill('{"symbol":');
  await seesIn(page, ".validity", /JSON/);
  assert.match((await page.locator(".validity").textContent()) ?? "", /Unexpected end/);
  await press(page, "Send");
  await seesIn(page, ".sender > .issue", /Unexpected end/);
  assert.equal(await page.locator("#log .request").count(), 2);
  const message = {
    symbol: "ACME",
    side: "sell",
    amount: 3,
    limit: 1.5,
    settle: { kind: "margin", ratio: 2 },
    tags: ["a", "b"],
    more: 1,
  };
  await json.fill(JSON.stringify(message));
  assert.equal(await page.locator(".validity").textContent(), "Valid JSON");
  await page.getByText("Form", { exact: true }).click();
  assert.equal(await field(page, "side").inputValue(), "1");
  assert.equal(await field(page, "ratio").inputValue(), "2");
  await press(page, "Send");
  await page
    .locator("#log .request")
    .nth(2)
    .getByText(/done in/)
    .waitFor();
  assert.deepEqual(await lastSent(), message);
  await page.locator(".sender input.send:not(:checked), .sender .parts > button").evaluateAll((elements) => {
    for (const element of elements) (element as HTMLElement).click();
  });
  assert.deepEqual(await nameless(page), []);
  assert.deepEqual(window.complaints, []);
});

test("a token goes as a subprotocol or in the query, parameters into the path, and a close is explained", async (t) => {
  const { page, seen } = await show(t);
  await field(page, "exchange the exchange").fill("a/b");
  await page.getByText("Subprotocol and token").click();
  await page.getByLabel("Subprotocols").fill("market.v1, market.v2");
  await page.getByLabel("Token").fill("abc.def");
  await press(page, "Connect");
  await seesIn(page, "#log", /subprotocol market.v2/);
  await choose(page, "leave");
  await press(page, "Send");
  await seesIn(page, "#log", "Closed with 4000 (a code of the application): As you wish");
  await seesIn(page, "#log", /lost in/);
  await page.getByLabel("Sent as").selectOption("query: token=TOKEN");
  await press(page, "Reconnect");
  await seesIn(page, "#state", "Connected");
  assert.deepEqual(seen, [
    { url: "/market/a%2Fb", protocols: ["market.token", "abc.def", "market.v1", "market.v2"] },
    { url: "/market/a%2Fb?token=abc.def", protocols: ["market.v1", "market.v2"] },
  ]);
  assert.equal((await page.locator("body").textContent())?.includes("abc.def"), false);
});

test("the log is filtered, stands still, is copied, and holds the last thousand entries of a flood", async (t) => {
  const { page, window, sockets } = await show(t);
  await window.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await press(page, "Connect");
  await seesIn(page, "#state", "Connected");
  const push = (text: string) => {
    for (const socket of sockets.clients) socket.send(JSON.stringify({ event: "alert", text, level: "info" }));
  };
  push("first");
  push("second");
  await seesIn(page, "#log", /second/);
  await page.getByLabel("Show").selectOption("pushes");
  await page.getByLabel("Filter the log").fill("SECOND");
  await page.locator("#log > li:visible").nth(1).waitFor({ state: "detached" });
  assert.equal(await page.locator("#log > li:visible").count(), 1);
  await page.getByLabel("Filter the log").fill("");
  await press(page, "Pause");
  push("third");
  await seesIn(page, "#count", "1 more since the pause");
  assert.equal(await page.getByText("third").count(), 0);
  await press(page, "Resume");
  await seesIn(page, "#log", /third/);
  await press(page, "Copy");
  await page.getByRole("button", { name: "Copied" }).waitFor();
  const copied: { kind: string; message: unknown }[] = JSON.parse(
    await page.evaluate("navigator.clipboard.readText()"),
  );
  assert.deepEqual(
    copied.map(({ kind }) => kind),
    ["connection", "push", "push", "push"],
  );
  assert.deepEqual(copied[3]?.message, { event: "alert", text: "third", level: "info" });
  await page.getByLabel("Show").selectOption("all");

  await choose(page, "flood");
  await field(page, "seconds").fill("0.3");
  // What one frame adds, and what there is at most.
  await page.evaluate(`
    globalThis.most = { made: 0, there: 0, frames: 0 };
    const log = document.querySelector("#log");
    new MutationObserver((records) => {
      most.made = Math.max(most.made, records.reduce((sum, { addedNodes }) => sum + addedNodes.length, 0));
      most.there = Math.max(most.there, log.childElementCount);
      most.frames += 1;
    }).observe(log, { childList: true });
  `);
  await press(page, "Send");
  await page.waitForFunction(() => (document.querySelector("#log")?.childElementCount ?? 0) > 10);
  await page.getByLabel("Filter the log").fill("Alert 1500");
  await seesIn(page, "#log .push", "Alert 1500");
  const most = await page.evaluate<{ made: number; there: number; frames: number }>("most");
  t.diagnostic(`1,500 messages in 0.3 s: ${most.frames} frames, at most ${most.made} rows in one`);
  assert.ok(most.made <= 100, `${most.made} rows were made in a frame`);
  assert.ok(most.there <= 1002, `there were ${most.there} rows`);
  await page.getByLabel("Filter the log").press("Escape");
  assert.equal(await page.locator("#count").textContent(), "1000 entries");
  assert.ok((await page.locator("#log li").count()) <= 1001);
  await press(page, "Clear");
  assert.equal(await page.locator("#log li").count(), 0);
  assert.deepEqual(window.complaints, []);
});

test("names and texts of a document that would be HTML are shown, and do nothing", async (t) => {
  const text = '</script><img src=x onerror="document.title=1"><script>document.title=2</script>';
  const payload = {
    type: "object",
    title: text,
    description: text,
    properties: {
      [text]: { type: "string", description: text, default: text },
      side: { enum: [text] },
      ["__proto__"]: { const: text },
    },
    required: [text, "side", "__proto__"],
  };
  const channel = { $ref: "#/channels/x" };
  const shown: AsyncApiDocument = {
    ...market,
    info: { title: text, version: text, description: text },
    operations: {
      x: {
        action: "receive",
        channel,
        title: text,
        summary: text,
        messages: [channel],
        "x-type": text,
        "x-payload": payload,
        "x-reply": payload,
      },
    },
  };
  const { page, window, sockets } = await show(t, shown, "/");
  await page.getByRole("link", { name: text }).first().click();
  await page.waitForFunction(() => location.hash.startsWith("#message-"));
  assert.equal(await page.getByRole("main").getByRole("heading", { level: 2 }).textContent(), text);
  await press(page, "Connect and send");
  await seesIn(page, "#log", /done in/);
  for (const socket of sockets.clients) socket.send(JSON.stringify({ event: text, id: text, text }));
  // What is no message of the contract, and what is too deep to be laid out.
  const deep = "[".repeat(20_000) + "]".repeat(20_000);
  for (const odd of ["<img>", "[1]", `{"id":${deep}}`, Buffer.from("<img>")]) {
    for (const socket of sockets.clients) socket.send(odd);
  }
  await page.locator("#log > li").nth(6).waitFor();
  const frame = await page.locator("#log .request .preview").first().textContent();
  assert.ok(frame?.startsWith(`{${JSON.stringify(text)}:`), frame ?? "");
  for (const summary of await page.locator("#log summary").all()) await click(summary);
  assert.equal(await page.locator("#log pre").count(), 7);
  assert.equal(await page.locator("img").count(), 0);
  assert.equal(await page.locator("script").count(), 2);
  assert.equal(await page.title(), `${text} · ${text}`);
  await page.reload();
  assert.equal(await page.getByRole("main").getByRole("heading", { level: 2 }).textContent(), text);
  assert.deepEqual(window.complaints, []);
});

const prices = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    subscribe: {
      message: z.object({ symbol: z.string().min(1).max(8).describe("Ticker"), every: z.int().min(10).default(20) }),
      reply: z.object({ price: z.number() }),
      stream: true,
    },
    order: {
      message: z.object({
        legs: z.array(z.object({ symbol: z.string().min(1), weight: z.number() })).min(1),
        limit: z.number().nullable(),
      }),
      reply: z.object({ legs: z.int() }),
    },
    heartbeat: { message: z.object({}) },
    leave: { message: z.object({}) },
  },
  pushes: { alert: z.object({ text: z.string() }) },
});

test("the page that a listener serves speaks with the service, under its policy", async (t) => {
  let ended: () => void;
  const hasEnded = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const listener = new Listener(0, { host: "127.0.0.1" });
  t.after(() => listener.immediateStop());
  listener.attach(
    "/rooms/:room",
    ({ params }) =>
      prices.service({
        onOpen: (caller) => caller.send("alert", { text: `Welcome to ${params.room}` }),
        async *onSubscribe(_caller, { every }, { signal }) {
          try {
            for (let price = 0; !signal.aborted; price += 1) {
              yield { price };
              await new Promise((resolve) => setTimeout(resolve, every));
            }
          } finally {
            ended();
          }
        },
        onOrder: (_caller, { legs }) => ({ legs: legs.length }),
        onHeartbeat() {},
        onLeave: () => closeFrame(4000, "As you wish"),
      }),
    { contract: prices, docs: "/docs", title: "Prices", version: "2.0.0" },
  );
  await listener.start();
  const window = await Window.open(t, { viewport: { width: 1280, height: 720 } });
  const { page } = await window.visit({ port: listener.port }, "/docs#message-subscribe");
  assert.equal(await page.title(), "subscribe · Prices");
  await field(page, "room path").fill("a b");
  await press(page, "Connect and send");
  await seesIn(page, "#log .push", "Welcome to a b");
  await page.locator("[aria-invalid]").waitFor();
  assert.equal(await page.locator("[aria-invalid]").getAttribute("id"), await field(page, "symbol").getAttribute("id"));
  await field(page, "symbol").fill("ACME");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await seesIn(page, "#log", /[2-9] items, running/);
  await page.getByRole("button", { name: "Cancel" }).click();
  await hasEnded;
  await seesIn(page, "#log", /items, cancelled in/);
  await choose(page, "order");
  await press(page, "Send");
  await page.locator("[aria-invalid]").nth(1).waitFor();
  await field(page, "symbol").fill("ACME");
  await field(page, "weight").fill("1");
  await page.locator(".sender [aria-label='limit'] select").selectOption("null");
  await press(page, "Send");
  await seesIn(page, "#log", '{"legs":1}');
  await choose(page, "heartbeat");
  await press(page, "Send");
  await seesIn(page, "#log .complete", "complete");
  await choose(page, "leave");
  await press(page, "Send");
  await seesIn(page, "#log", "Closed with 4000 (a code of the application): As you wish");
  assert.deepEqual(window.complaints, []);
});

// To look at them: SCREENSHOTS=folder npm test -- browser docs_page_test.ts
const folder = process.env.SCREENSHOTS;

test("the page is light and dark, wide and narrow, and its texts have contrast", async (t) => {
  const { page } = await show(t);
  await choose(page, "subscribe");
  await press(page, "Connect and send");
  await page.locator("[aria-invalid]").waitFor();
  await field(page, "symbol").fill("ACME");
  await press(page, "Send");
  await seesIn(page, "#log", /items, running/);
  for (const colorScheme of ["light", "dark"] as const) {
    // Else colours are on their way for a while.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.equal(overflow, 0);
      assert.deepEqual(await faint(page), []);
      assert.deepEqual(await nameless(page), []);
      if (folder !== undefined) await page.screenshot({ path: join(folder, `page-${width}-${colorScheme}.png`) });
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  const shade = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await shade();
  await page.getByRole("button", { name: "Dark colours" }).click();
  assert.notEqual(await shade(), before);
  assert.equal(await page.getByRole("button", { name: "Dark colours" }).getAttribute("aria-pressed"), "true");
  await page.reload();
  assert.notEqual(await shade(), before);
});

/** Lists what can be used and has no name to be read out. */
function nameless(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = document.querySelectorAll<HTMLElement>(
      "a, button, input, select, textarea, summary, [tabindex='0']",
    );
    const hasName = (element: HTMLElement) =>
      element.ariaLabel ||
      (element.matches("input, select, textarea")
        ? (element as HTMLInputElement).labels?.length
        : element.textContent?.trim());
    return [...controls].filter((element) => !hasName(element)).map(({ outerHTML }) => outerHTML);
  });
}

/** Lists the texts whose contrast is under 4.5 (WCAG 2.2, 1.4.3). */
function faint(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const read = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const light = (color: string) => {
      const [r = 0, g = 0, b = 0] = read(color).map((part) => {
        const value = part / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element: Element | null): string => {
      if (element === null) return "rgb(255, 255, 255)";
      const { backgroundColor } = getComputedStyle(element);
      return read(backgroundColor)[3] === 0 ? behind(element.parentElement) : backgroundColor;
    };
    const found = new Set<string>();
    for (const element of document.body.querySelectorAll("*")) {
      const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim() !== "");
      if (!isText || !element.checkVisibility() || element.closest("svg, script, :disabled") !== null) continue;
      const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5)
        found.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}: ${element.textContent?.slice(0, 30)}`);
    }
    return [...found];
  });
}
