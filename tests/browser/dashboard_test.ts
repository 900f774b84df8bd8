import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Example } from "../examples/example.ts";
import { serve, servers, type Tab, Window } from "./tabs.ts";

/** Chromium itself writes of connections that fail; the page writes nothing. */
const complaints = (window: Window): string[] =>
  window.complaints.filter((text) => !/ERR_CONNECTION_|ERR_INTERNET_DISCONNECTED/.test(text));

const start = (t: TestContext, server: string, port = 0): Promise<Example> => serve(t, "dashboard/main", server, port);

/** What the cards show. */
function values(tab: Tab): Promise<string[]> {
  return tab.page.locator("article .value span").allTextContents();
}

/** How many points the first chart has. */
async function points(tab: Tab): Promise<number> {
  return (await tab.page.locator(".line").first().getAttribute("d"))?.match(/[ML]/g)?.length ?? 0;
}

/** Waits until the page has got more numbers. */
async function isFed(tab: Tab): Promise<void> {
  const chart = tab.page.locator(".line").first();
  const before = await chart.getAttribute("d");
  await tab.page.waitForFunction((path) => document.querySelector(".line")?.getAttribute("d") !== path, before);
}

// To look at them: SCREENSHOTS=folder npm test -- browser
const folder = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), "switchboard-screenshots-"));

/** Takes pictures in light and dark, as of a desktop and of a phone, and looks that nothing is cut off. */
async function shoot(t: TestContext, { page }: Tab, what: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      await page.evaluate("Promise.all(document.getAnimations().map(({ finished }) => finished))");
      const [overflow, red] = await page.evaluate(() => [
        document.documentElement.scrollWidth - innerWidth,
        Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)?.[0]),
      ]);
      assert.equal(overflow, 0);
      assert.ok(colorScheme === "light" ? Number(red) > 200 : Number(red) < 50, `red is ${red}`);
      const path = join(folder, `dashboard-${what}-${colorScheme}-${width}.png`);
      await page.screenshot({ path, fullPage: true });
      t.diagnostic(path);
    }
  }
}

for (const server of servers) {
  test(`the dashboard shows what ${server} pushes, as often as it is asked to`, async (t) => {
    const example = await start(t, server);
    const window = await Window.open(t);
    const tab = await window.visit(example);
    await tab.sees("Connected");
    await tab.page.getByLabel("¼ s").check();
    await isFed(tab);
    await isFed(tab);
    const [cpu, memory, , pages] = (await values(tab)).map(Number);
    assert.ok(Number(cpu) >= 0 && Number(cpu) <= 100, `${cpu} %`);
    assert.ok(Number(memory) > 10 && Number(memory) < 1000, `${memory} MiB`);
    assert.equal(pages, 1);
    assert.deepEqual(complaints(window), []);
  });
}

test("the dashboard keeps its numbers while the server is down, and goes on when it is back; light and dark, wide and narrow", async (t) => {
  const example = await start(t, "node26");
  const window = await Window.open(t);
  const tab = await window.visit(example);
  await tab.sees("Connected");
  await tab.page.getByLabel("¼ s").check();
  await isFed(tab);
  await isFed(tab);
  await shoot(t, tab, "open");

  assert.equal(await example.stop("SIGTERM"), 0);
  await tab.sees(/^Reconnecting in \d s \(attempt \d\)$/);
  await tab.sees(/^The connection was closed with 1001.*The numbers are the last that came\.$/);
  const kept = await values(tab);
  assert.equal(kept[3], "1");
  const drawn = await points(tab);
  assert.ok(drawn > 2, `${drawn} points`);
  await shoot(t, tab, "down");
  assert.deepEqual(await values(tab), kept);

  const told: unknown[] = [];
  tab.page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => told.push(payload)));
  await start(t, "node26", example.port);
  await tab.sees("Connected");
  assert.equal(await tab.page.locator("#notice").isVisible(), false);
  // The new server is told the interval, and its line is added to that of the old one.
  await isFed(tab);
  await isFed(tab);
  assert.ok((await points(tab)) > drawn);
  assert.deepEqual(told, ['{"interval":250}']);
  assert.deepEqual(complaints(window), []);
});

test("the dashboard waits for the network, and goes on at once when it is back", async (t) => {
  const example = await start(t, "node26");
  const window = await Window.open(t);
  const tab = await window.visit(example);
  await tab.sees("Connected");
  await example.stop("SIGTERM");
  // Not the other way round: a page that was offline before has once not heard of the end within 10 s.
  await tab.sees(/^Reconnecting/);
  await window.context.setOffline(true);
  await tab.sees("Waiting for the network");
  await start(t, "node26", example.port);
  const back = performance.now();
  await window.context.setOffline(false);
  await tab.sees("Connected");
  const took = performance.now() - back;
  t.diagnostic(`${took.toFixed(0)} ms`);
  assert.ok(took < 5000, `${took} ms`);
  await isFed(tab);
});

test("the dashboard says that it cannot connect, and connects at the press of a key", async (t) => {
  const example = await start(t, "node26");
  const window = await Window.open(t);
  let isFirst = true;
  await window.context.routeWebSocket("**/metrics", async (socket) => {
    if (isFirst) await socket.close({ code: 4403, reason: "Not you" });
    else socket.connectToServer();
    isFirst = false;
  });
  const tab = await window.visit(example);
  await tab.sees("Disconnected");
  await tab.sees(/^Cannot connect: /);
  const { keyboard } = tab.page;
  for (let steps = 0; (await tab.focused()) !== "Connect" && steps < 5; steps += 1) await keyboard.press("Tab");
  await keyboard.press("Enter");
  await tab.sees("Connected");
  assert.equal(await tab.page.locator("#notice").isVisible(), false);
});
