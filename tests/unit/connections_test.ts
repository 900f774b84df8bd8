import assert from "node:assert/strict";
import { test } from "node:test";
import { handlers } from "../../entries/bun.ts";
import { attach } from "../../entries/node.ts";
import { Connections, ENGINE_CAPABILITIES } from "../../mod.ts";
import { toOwnHost } from "../../src/connections.ts";

test("option connections of a server of one's own takes a Connections, and nothing else", () => {
  const connections = new Connections();
  const host = toOwnHost(ENGINE_CAPABILITIES.node, "UpgraderOptions", { connections });
  assert.equal(host.stopping, false);
  void connections.immediateStop();
  assert.equal(host.stopping, true);
  const app = { fetch: () => new Response() };
  for (const wrong of [null, {}, [], true, Connections]) {
    const options = { connections: wrong as never };
    const expected = { name: "TypeError", message: "Option connections must be made by new Connections()" };
    assert.throws(() => toOwnHost(ENGINE_CAPABILITIES.deno, "HandlerOptions", options), expected);
    assert.throws(() => handlers(app, options), expected);
    assert.throws(() => attach({ on: () => assert.fail("attached") } as never, app, options), expected);
  }
  assert.throws(() => handlers(app, { connexions: 1 } as never), /Unknown option "connexions" of HandlersOptions/);
});
