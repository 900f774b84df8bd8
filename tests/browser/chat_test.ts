import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { serveChat, servers, Window } from "./tabs.ts";

for (const server of servers) {
  test(`two tabs chat through ${server}: join, messages, reload, leave`, async (t) => {
    const chat = await serveChat(t, server);
    const window = await Window.open(t);
    const ann = await window.visit(chat);
    const ben = await window.visit(chat);
    await ann.join("Ann");
    await ann.sees("You joined as Ann");
    await ann.sees("Connected");
    await ben.join("<i>Ben</i> / 100%");
    await ben.sees("You joined as <i>Ben</i> / 100%");
    await ann.sees("2 here");
    await ann.say("Hello <b>there</b>");
    await ben.sees("Hello <b>there</b>");
    await ben.say("Hi,\nAnn");
    await ann.sees(/Hi,\s+Ann/);
    assert.deepEqual(await ann.log(), [
      "You joined as Ann",
      "<i>Ben</i> / 100% joined",
      "me: Hello <b>there</b>",
      "<i>Ben</i> / 100%: Hi,\nAnn",
    ]);
    assert.deepEqual(await ben.log(), ["You joined as <i>Ben</i> / 100%", "Ann: Hello <b>there</b>", "me: Hi,\nAnn"]);

    await ben.page.reload();
    await ben.sees(/^You (joined|are connected)/);
    await ben.sees("Connected");
    await ben.say("Back");
    await ann.sees("Back");

    await ben.page.getByRole("button", { name: "Leave" }).click();
    await ben.page.getByLabel("Your name").waitFor();
    await ann.sees("<i>Ben</i> / 100% left");
    await ann.sees("1 here");
    const log = await ann.log();
    assert.deepEqual(
      log.slice(4).filter((line) => line.startsWith("<")),
      ["left", "joined", ": Back", "left"].map((what) => `<i>Ben</i> / 100%${what.startsWith(":") ? "" : " "}${what}`),
    );
    assert.deepEqual(window.complaints, []);
  });

  test(`a tab shows that ${server} stops, and is back when the server is`, async (t) => {
    const chat = await serveChat(t, server);
    const window = await Window.open(t);
    const ann = await window.visit(chat);
    await ann.join("Ann");
    await ann.sees("Connected");
    // No attempt by itself, which the key might find under way, or be too late for.
    await ann.page.evaluate("globalThis.setTimeout = () => 0");
    assert.equal(await chat.stop("SIGTERM"), 0);
    await ann.sees(/^Closed with 1001: the server is going away\. Trying again in \d+ s\.$/);
    await ann.sees("Disconnected");
    await ann.page.getByLabel("Message", { exact: true }).fill("Kept");
    assert.equal(await ann.page.getByRole("button", { name: "Send" }).isDisabled(), true);

    await serveChat(t, server, chat.port);
    await ann.page.getByRole("button", { name: "Reconnect now" }).click();
    await ann.sees("You are connected again");
    await ann.sees("Connected");
    assert.equal(await ann.page.locator("#notice").isVisible(), false);
    await ann.page.getByRole("button", { name: "Send" }).click();
    await ann.page.locator(".mine").waitFor();
    assert.deepEqual(await ann.log(), ["You joined as Ann", "You are connected again", "me: Kept"]);
    // Chromium itself writes of connections that fail; the page writes nothing.
    assert.deepEqual(
      window.complaints.filter((text) => !/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET/.test(text)),
      [],
    );
  });

  test(`a tab that sends too much to ${server} shows 1009 and is back by itself`, async (t) => {
    const chat = await serveChat(t, server);
    const window = await Window.open(t);
    const ann = await window.visit(chat);
    await ann.join("Ann");
    await ann.sees("Connected");
    const notice = ann.page.locator("#notice p");
    await ann.page.evaluate('sockets.at(-1).send("x".repeat(9000))');
    await notice.filter({ hasText: /^Closed with 1009: / }).waitFor();
    await ann.sees("You are connected again");
    assert.deepEqual(window.complaints, []);
  });
}

test("the form keeps back an empty name, and says when a name is taken", async (t) => {
  const chat = await serveChat(t, "node26");
  const window = await Window.open(t);
  const ann = await window.visit(chat);
  const twin = await window.visit(chat);
  for (const name of ["", "   ", "...", "\u{1F600}"]) {
    await ann.join(name);
    assert.equal(await ann.page.locator("#name").evaluate((input) => input.matches(":invalid")), true, name);
    assert.equal(await ann.page.evaluate("sockets.length"), 0, name);
  }
  await ann.join("  Ann ");
  await ann.sees("You joined as Ann");
  await twin.join("Ann");
  await twin.sees("This name is taken. Pick another one.");
  assert.equal(await twin.focused(), "Your name");
  await twin.join("Anna");
  await twin.sees("You joined as Anna");
  await ann.sees("2 here");
  assert.deepEqual(window.complaints, []);
});

test("the form says that the server cannot be reached", async (t) => {
  const chat = await serveChat(t, "node26");
  const window = await Window.open(t);
  const ann = await window.visit(chat);
  await chat.stop("SIGKILL");
  await ann.join("Ann");
  await ann.sees("Could not join. Closed with 1006: the connection was lost.");
  assert.equal(await ann.focused(), "Your name");
});

test("everything can be done with the keyboard", async (t) => {
  const chat = await serveChat(t, "node26");
  const window = await Window.open(t, { viewport: { width: 390, height: 844 } });
  const tab = await window.visit(chat);
  const { keyboard } = tab.page;
  assert.equal(await tab.focused(), "Your name");
  await keyboard.type("Ann");
  await keyboard.press("Enter");
  await tab.sees("You joined as Ann");
  assert.equal(await tab.focused(), "Message");
  await keyboard.type("One");
  await keyboard.press("Shift+Enter");
  await keyboard.type("two");
  await keyboard.press("Enter");
  await tab.page.locator(".mine").waitFor();
  assert.equal(await tab.focused(), "Message");
  await keyboard.type("three");
  await keyboard.press("Tab");
  assert.equal(await tab.focused(), "Send");
  await keyboard.press("Space");
  await tab.page.locator(".mine").nth(1).waitFor();
  assert.deepEqual(await tab.log(), ["You joined as Ann", "me: One\ntwo", "me: three"]);

  const people = tab.page.locator("#people");
  for (let steps = 0; (await tab.focused()) !== "1 here" && steps < 9; steps += 1) await keyboard.press("Shift+Tab");
  await keyboard.press("Enter");
  assert.equal(await people.isVisible(), true);
  await keyboard.press("Escape");
  assert.equal(await people.isVisible(), false);
  await keyboard.press("Tab");
  assert.equal(await tab.focused(), "Leave");
  await keyboard.press("Enter");
  await tab.page.getByLabel("Your name").waitFor();
  assert.equal(await tab.focused(), "Your name");
  assert.deepEqual(window.complaints, []);
});

test("a reader who has scrolled up stays there, and is told of new messages", async (t) => {
  const chat = await serveChat(t, "node26");
  const window = await Window.open(t, { viewport: { width: 390, height: 500 } });
  const ann = await window.visit(chat);
  const ben = await window.visit(chat);
  await ann.join("Ann");
  await ben.join("Ben");
  await ben.sees("Connected");
  await ben.page.evaluate("for (let count = 1; count <= 20; count += 1) sockets.at(-1).send(`Message ${count}`)");
  await ann.sees("Message 20");
  const scroller = ann.page.locator("#scroller");
  const below = () => scroller.evaluate((box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight));
  assert.equal(await below(), 0);
  await ann.page.bringToFront();
  await scroller.evaluate((box) =>
    new Promise((done) => {
      box.addEventListener("scroll", done, { once: true });
      box.scrollTo(0, 0);
    }).then(() => {}),
  );
  await ben.say("Message 21");
  await ann.page.getByRole("button", { name: "New messages" }).click();
  assert.equal(await below(), 0);
  await ann.page.locator("#newer").waitFor({ state: "hidden" });
  // A longer draft takes room from the messages, whose last stays in view.
  const height = await scroller.evaluate((box) => box.clientHeight);
  await ann.page.getByLabel("Message", { exact: true }).fill("One\ntwo\nthree");
  await ann.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  assert.ok((await scroller.evaluate((box) => box.clientHeight)) < height);
  assert.equal(await below(), 0);
});

// To look at them: SCREENSHOTS=folder npm test -- browser
const folder = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), "switchboard-screenshots-"));

for (const colorScheme of ["light", "dark"] as const) {
  for (const [device, width, height] of [
    ["desktop", 1280, 800],
    ["phone", 390, 844],
  ] as const) {
    test(`the page is ${colorScheme} on a ${device}, and nothing is cut off`, async (t) => {
      const chat = await serveChat(t, "node26");
      const window = await Window.open(t, { viewport: { width, height }, colorScheme });
      const ann = await window.visit(chat);
      const ben = await window.visit(chat);
      const shoot = async (what: string) => {
        await ann.page.bringToFront();
        await ann.page.evaluate("Promise.all(document.getAnimations().map(({ finished }) => finished))");
        const [overflow, red] = await ann.page.evaluate(() => [
          document.documentElement.scrollWidth - innerWidth,
          Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)?.[0]),
        ]);
        assert.equal(overflow, 0);
        assert.ok(colorScheme === "light" ? Number(red) > 200 : Number(red) < 50, `red is ${red}`);
        const path = join(folder, `${colorScheme}-${device}-${what}.png`);
        await ann.page.screenshot({ path });
        t.diagnostic(path);
      };
      await shoot("1-join");
      await ann.join("Amara Okafor");
      await ben.join("Jonas");
      await ann.sees("2 here");
      await ben.say("Morning! Is the new build out yet?");
      await ben.say("I saw the pipeline go green ten minutes ago.");
      await ann.sees(/ten minutes/);
      await ann.say("Yes, it went out at nine. The same file runs on Node, Deno and Bun.");
      await ben.sees(/at nine/);
      await ben.say(`https://example.com/${"a-path-without-any-space/".repeat(5)}`);
      await ann.sees(/example\.com/);
      await ann.page.getByLabel("Message", { exact: true }).fill("On my way");
      await shoot("2-chat");
      await chat.stop("SIGTERM");
      await ann.sees(/^Closed with 1001/);
      await shoot("3-closed");
    });
  }
}
