import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { serve, type Tab, Window } from "./tabs.ts";

// To look at them: SCREENSHOTS=folder npm test -- browser
const folder = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), "switchboard-screenshots-"));

/** Takes pictures in light and dark, as of a desktop and of a phone, and looks that nothing is cut off. */
async function shoot(t: TestContext, { page }: Tab, what: string): Promise<void> {
  await page.bringToFront();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      await page.evaluate("Promise.all(document.getAnimations().map(({ finished }) => finished))");
      const [wide, high, red] = await page.evaluate(() => [
        document.documentElement.scrollWidth - innerWidth,
        document.documentElement.scrollHeight - innerHeight,
        Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)?.[0]),
      ]);
      assert.deepEqual([wide, high], [0, 0], `${what} at ${width}`);
      assert.ok(colorScheme === "light" ? Number(red) > 200 : Number(red) < 50, `red is ${red}`);
      const path = join(folder, `tic-tac-toe-${what}-${colorScheme}-${width}.png`);
      await page.screenshot({ path });
      t.diagnostic(path);
    }
  }
}

/** Clicks a button, whatever it looks like. A tab that is not in front would answer late. */
async function click({ page }: Tab, name: string): Promise<void> {
  await page.bringToFront();
  await page.getByRole("button", { name }).click({ force: true });
}

/** Clicks a cell and waits until both see it. */
async function move(by: Tab, other: Tab, cell: string): Promise<void> {
  await click(by, `${cell}, free`);
  for (const { page } of [by, other]) await page.getByRole("button", { name: new RegExp(`^${cell}, [XO]$`) }).waitFor();
}

test("two tabs play, a third looks on and takes the seat that is left", async (t) => {
  const example = await serve(t, "tic_tac_toe/main", "node26");
  const window = await Window.open(t);
  const ann = await window.visit(example);
  await ann.sees("Waiting for another player");
  const ben = await window.visit(example);
  await ann.sees("It is your turn");
  await ben.sees("The other is to move");
  const eve = await window.visit(example);
  await eve.sees("X is to move");
  await ann.sees("1 looking on.");

  // The page asks for whatever is clicked, the server says no.
  await click(ben, "top left");
  await ben.sees("It is not your turn.");
  await click(eve, "top left");
  await eve.sees("You are looking on.");

  for (const [index, cell] of ["top left", "middle centre", "top centre", "bottom left", "top right"].entries()) {
    await (index % 2 === 0 ? move(ann, ben, cell) : move(ben, ann, cell));
  }
  await ann.sees("You have won");
  await ben.sees("You have lost");
  await eve.sees("X has won");
  assert.equal(await ann.page.locator(".won").count(), 3);

  await click(ann, "Play again");
  await ben.sees("Wants another");
  await click(ben, "Play again");
  await ben.sees("It is your turn");
  await move(ben, ann, "middle centre");

  await ben.page.close();
  await ann.sees("Waiting for another player");
  await click(eve, "Take the free seat");
  await eve.sees("The other is to move");
  await move(ann, eve, "top left");
  await eve.sees("It is your turn");
  assert.deepEqual(window.complaints, []);
});

test("the game looks as it should, light and dark, wide and narrow, and shows that the server has stopped and is back", async (t) => {
  const example = await serve(t, "tic_tac_toe/main", "node26");
  const window = await Window.open(t);
  const ann = await window.visit(example);
  await ann.sees("Waiting for another player");
  const ben = await window.visit(example);
  await ann.sees("It is your turn");
  for (const [index, cell] of ["middle centre", "top left", "top right", "bottom left"].entries()) {
    await (index % 2 === 0 ? move(ann, ben, cell) : move(ben, ann, cell));
  }
  await ann.sees("It is your turn");
  await shoot(t, ann, "1-turn");
  await move(ann, ben, "middle left");
  await move(ben, ann, "middle right");
  await move(ann, ben, "bottom right");
  await move(ben, ann, "top centre");
  await move(ann, ben, "bottom centre");
  await ann.sees("A draw");
  for (const tab of [ann, ben]) await click(tab, "Play again");
  await ben.sees("It is your turn");
  for (const [index, cell] of ["top left", "middle left", "middle centre", "top right", "bottom right"].entries()) {
    await (index % 2 === 0 ? move(ben, ann, cell) : move(ann, ben, cell));
  }
  await ann.sees("You have lost");
  await click(ben, "Play again");
  await ann.sees("Wants another");

  // No attempt by itself, which the key might find under way, or be too late for.
  await ann.page.evaluate("globalThis.setTimeout = () => 0");
  assert.equal(await example.stop("SIGTERM"), 0);
  await ann.sees(/^Closed with 1001\. Trying again in \d+ s\.$/);
  await ann.sees("Disconnected");
  await shoot(t, ann, "2-lost");
  await ben.page.close();
  await serve(t, "tic_tac_toe/main", "node26", example.port);
  await click(ann, "Reconnect now");
  await ann.sees("Connected");
  await ann.sees("Waiting for another player");
  assert.deepEqual(
    window.complaints.filter((text) => !/ERR_CONNECTION_/.test(text)),
    [],
  );
});

test("the game can be played with the keyboard", async (t) => {
  const example = await serve(t, "tic_tac_toe/main", "node26");
  const window = await Window.open(t);
  const ann = await window.visit(example);
  const ben = await window.visit(example);
  await ben.sees("The other is to move");
  const label = (tab: Tab) => tab.page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  const press = async (tab: Tab, ...keys: string[]) => {
    await tab.page.bringToFront();
    for (const key of keys) await tab.page.keyboard.press(key);
  };
  assert.equal(await label(ann), "middle centre, free");
  await press(ann, "ArrowUp", "ArrowLeft");
  assert.equal(await label(ann), "top left, free");
  await press(ann, "ArrowLeft", "ArrowUp");
  assert.equal(await label(ann), "bottom right, free");
  await press(ann, "ArrowDown", "ArrowRight", "Enter");
  await ben.sees("It is your turn");
  assert.equal(await label(ann), "top left, X");
  await press(ben, "Space");
  await ann.sees("It is your turn");
  await press(ann, "ArrowRight", "Enter");
  await ben.sees("It is your turn");
  await press(ben, "ArrowDown", "Space");
  await ann.sees("It is your turn");
  await press(ann, "ArrowRight", "Enter");
  await ann.sees("You have won");
  for (const tab of [ann, ben]) {
    const focused = () => tab.page.evaluate(() => document.activeElement?.textContent);
    await tab.page.bringToFront();
    for (let steps = 0; (await focused()) !== "Play again" && steps < 12; steps += 1) await press(tab, "Tab");
    await press(tab, "Enter");
    // The button is gone; the focus is on the board again.
    assert.match((await label(tab)) ?? "", /^middle centre/);
  }
  await ben.sees("It is your turn");
  assert.deepEqual(window.complaints, []);
});
