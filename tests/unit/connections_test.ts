import assert from "node:assert/strict";
import { test } from "node:test";
import { handlers } from "../../entries/bun.ts";
import { attach, upgrader } from "../../entries/node.ts";
import { Connections, ENGINE_CAPABILITIES, Listener, upgrade } from "../../mod.ts";
import { toOwnHost } from "../../src/connections.ts";

test("option connections of a server of one's own takes a Connections, and nothing else", () => {
  const connections = new Connections();
  const app = { fetch: () => new Response() };
  const host = toOwnHost(app, ENGINE_CAPABILITIES.node, "UpgraderOptions", { connections });
  assert.equal(host.stopping, false);
  void connections.immediateStop();
  assert.equal(host.stopping, true);
  for (const wrong of [null, {}, [], true, Connections]) {
    const options = { connections: wrong as never };
    const expected = { name: "TypeError", message: "Option connections must be made by new Connections()" };
    assert.throws(() => toOwnHost(app, ENGINE_CAPABILITIES.deno, "HandlerOptions", options), expected);
    assert.throws(() => handlers(app, options), expected);
    assert.throws(() => attach({ on: () => assert.fail("attached") } as never, app, options), expected);
  }
  assert.throws(() => handlers(app, { connexions: 1 } as never), /Unknown option "connexions" of HandlersOptions/);
});

test("attach(), upgrader() and handlers() refuse what is no app, and say what one is", () => {
  const server = { on: () => assert.fail("attached") };
  const expected = {
    name: "TypeError",
    message: 'A server needs an app with a function fetch, such as a Hono app: app.get("/path", upgrade(handler))',
  };
  const handler = () => ({});
  for (const wrong of [upgrade(handler), handler, new Listener(0), server, null, undefined] as never[]) {
    assert.throws(() => attach(server as never, wrong), expected);
    assert.throws(() => upgrader(wrong), expected);
    assert.throws(() => handlers(wrong), expected);
    assert.throws(() => toOwnHost(wrong, ENGINE_CAPABILITIES.deno, "HandlerOptions", {}), expected);
  }
});

test("options of a service are refused by a server, which says where they belong", () => {
  const app = { fetch: () => new Response() };
  const expected = {
    name: "TypeError",
    message:
      'Unknown option "idleTimeout" of HandlersOptions: it is one of a service, so give it to upgrade or to attach of a listener',
  };
  assert.throws(() => handlers(app, { idleTimeout: 5 } as never), expected);
  handlers(app, { maxFrameSize: 5 });
});
