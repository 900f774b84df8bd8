import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { serve, servers, Window } from "./tabs.ts";

for (const server of servers) {
  test(`a page carries its token in the subprotocol to ${server}, and comes back with another when it expires`, async (t) => {
    process.env.TOKEN_SECONDS = "4";
    t.after(() => delete process.env.TOKEN_SECONDS);
    const example = await serve(t, "auth_jwt/main", server);
    const window = await Window.open(t);
    const tab = await window.visit(example);
    await tab.page.getByLabel("Your name").fill("Zoë");
    await tab.page.getByRole("button", { name: "Log in" }).click();
    await tab.sees("Connected as Zoë");
    await tab.page.getByLabel("Note").fill("Buy tea");
    await tab.page.getByRole("button", { name: "Save" }).click();
    await tab.sees("Zoë: Buy tea");

    const sockets = (expression: string) => tab.page.evaluate(`sockets.map((socket) => ${expression})`);
    await tab.page.waitForFunction("sockets.length > 1 && sockets[1].readyState === 1");
    await tab.sees("Zoë: Buy tea");
    assert.deepEqual(await sockets("socket.protocol"), ["notes.v1", "notes.v1"]);
    assert.deepEqual(await sockets("socket.readyState"), [3, 1]);
    assert.deepEqual(window.complaints, []);
  });
}
