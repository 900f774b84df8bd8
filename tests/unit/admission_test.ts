import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission, Place } from "../../src/admission.ts";
import { ask } from "../../src/ask.ts";
import { Host } from "../../src/host.ts";
import type { HostConfig } from "../../src/host_config.ts";
import { toServiceRules } from "../../src/service_config.ts";
import { type App, slotOf, Upgrade, UpgradeSlot } from "../../src/slot.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { full, gate, RecordingSocket, silent } from "./support.ts";

const NONE = Number.POSITIVE_INFINITY;

function enter(admission: Admission, address?: string): Place {
  const place = admission.enter(address);
  assert.ok(place instanceof Place);
  return place;
}

function refusal(admission: Admission, address?: string): Response {
  const place = admission.enter(address);
  assert.ok(place instanceof Response);
  return place;
}

test("D1 past maxConnections it is 503, past maxConnectionsPerAddress 429, both with Retry-After; the counts return to 0", () => {
  const admission = new Admission({ maxConnections: 3, maxConnectionsPerAddress: 2 }, new FakeClock());
  const places = [enter(admission, "192.0.2.1"), enter(admission, "192.0.2.1")];
  const second = refusal(admission, "192.0.2.1");
  assert.equal(second.status, 429);
  assert.match(second.headers.get("retry-after") ?? "", /^\d+$/);
  places.push(enter(admission, "192.0.2.2"));
  const third = refusal(admission, "192.0.2.3");
  assert.equal(third.status, 503);
  assert.match(third.headers.get("retry-after") ?? "", /^\d+$/);
  assert.deepEqual([admission.count, admission.addresses], [3, 2]);
  for (const place of places) {
    place.free();
    place.free();
  }
  assert.deepEqual([admission.count, admission.addresses], [0, 0]);
  enter(admission, "192.0.2.1");
});

test("D1 forms of one address are one: mapped, in capitals, with zeros, with a zone; IPv6 by /64 (CVE-2026-39409, CVE-2026-47674, hono edbf6eea, c831020f)", () => {
  const groups = [
    ["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:C000:0201", "0:0:0:0:0:ffff:192.0.2.1"],
    ["2001:db8::1", "2001:DB8:0:0::1", "2001:db8::ffff:1", "2001:0db8:0000:0000:1:2:3:4"],
    ["fe80::1", "fe80::1%eth0", "fe80::2%eth1"],
    [undefined, undefined],
  ];
  for (const [first, ...others] of groups) {
    const admission = new Admission({ maxConnections: NONE, maxConnectionsPerAddress: 1 }, new FakeClock());
    const place = enter(admission, first);
    for (const other of others) assert.equal(refusal(admission, other).status, 429, `${first} and ${other}`);
    enter(admission, "2001:db8:0:1::1");
    place.free();
    enter(admission, others.at(-1));
  }
});

test("a place is given back when the connection does not open in time, and counted again when it does after all", async () => {
  const clock = new FakeClock();
  const admission = new Admission({ maxConnections: 1, maxConnectionsPerAddress: NONE }, clock);
  const place = enter(admission);
  place.awaitOpen();
  await clock.advance(4.999);
  assert.equal(admission.count, 1);
  await clock.advance(0.001);
  assert.equal(admission.count, 0);
  const connection = {};
  place.opened(connection);
  assert.equal(admission.count, 1);
  admission.closed({});
  admission.closed(connection);
  assert.equal(admission.count, 0);
  place.take();
  admission.closed(connection);
  assert.equal(admission.count, 1, "a connection that is down is forgotten");
});

test("a place that is given back leaves no timer", () => {
  const clock = new FakeClock();
  const admission = new Admission({ maxConnections: 1, maxConnectionsPerAddress: NONE }, clock);
  const place = enter(admission);
  place.awaitOpen();
  assert.equal(clock.pending, 1);
  place.free();
  assert.equal(clock.pending, 0);
});

test("an open connection has its place for as long as it lasts", async () => {
  const clock = new FakeClock();
  const admission = new Admission({ maxConnections: 1, maxConnectionsPerAddress: NONE }, clock);
  const place = enter(admission);
  place.awaitOpen();
  place.opened({});
  await clock.advance(1_000_000);
  assert.equal(admission.count, 1);
  assert.equal(clock.pending, 0);
});

const handshake = { host: "example.com", upgrade: "websocket" };

interface Door {
  readonly host: Host;
  readonly clock: FakeClock;
  knock(app: App, init?: RequestInit): ReturnType<typeof ask>;
}

function door(config: HostConfig): Door {
  const clock = new FakeClock();
  const host = new Host(full, { logger: silent(), ...config }, clock);
  return {
    host,
    clock,
    knock(app, init) {
      const slot = new UpgradeSlot(host, { remoteAddress: "192.0.2.1" }, false);
      return ask(app, new Request("http://example.com/", { headers: handshake, ...init }), slot, {});
    },
  };
}

/** An app that accepts, as far as an adapter sees it. */
function accepting(host: Host): App {
  return {
    fetch(_request, env) {
      const slot = slotOf(env);
      const details = { protocol: "", peer: {}, isSecure: false };
      if (slot !== undefined) slot.upgrade = new Upgrade({}, toServiceRules({}), host, details, []);
      return new Response(null, { headers: { "x-switchboard-upgrade": "1" } });
    },
  };
}

test("D1 a place is given back: refused, app failed, app rejected, abandoned, not opened, closed, dropped", async () => {
  const { host, clock, knock } = door({ maxConnections: 1 });
  const count = (): number => host.admission?.count ?? -1;
  const apps: App[] = [
    { fetch: () => new Response("No", { status: 403 }) },
    {
      fetch: () => {
        throw new Error("on purpose");
      },
    },
    { fetch: () => Promise.reject(new Error("on purpose")) },
    { fetch: () => Promise.resolve(new Response()) },
  ];
  for (const app of apps) {
    const answer = await knock(app);
    assert.ok(answer instanceof Response);
    assert.notEqual(answer.status, 503);
    assert.equal(count(), 0);
  }
  const upgrade = async (): Promise<Upgrade> => {
    const answer = await knock(accepting(host));
    assert.ok(answer instanceof Upgrade);
    assert.equal(count(), 1);
    const full = await knock(accepting(host));
    assert.ok(full instanceof Response);
    assert.equal(full.status, 503);
    return answer;
  };
  (await upgrade()).abandon();
  assert.equal(count(), 0);
  await upgrade();
  await clock.advance(5);
  assert.equal(count(), 0);
  const closed = (await upgrade()).open(new RecordingSocket());
  assert.equal(count(), 1);
  closed.closed(1006, "");
  closed.closed(1006, "");
  assert.equal(count(), 0);
  (await upgrade()).open(new RecordingSocket());
  for (const member of [...host.sweep.members]) member.drop();
  assert.equal(count(), 0);
  assert.equal(clock.pending, 0);
});

test("D1 an app that never answers keeps no place of a peer that has left; one that answers late takes none twice", async () => {
  const { host, knock } = door({ maxConnections: 1 });
  const held = gate<Response>();
  const aborter = new AbortController();
  const answer = knock({ fetch: () => held.promise }, { signal: aborter.signal });
  assert.equal(host.admission?.count, 1);
  aborter.abort();
  assert.equal(host.admission?.count, 0);
  held.resolve(new Response());
  assert.ok((await answer) instanceof Response);
  assert.equal(host.admission?.count, 0);
});

test("D1 an abort after the answer, with which some runtimes end a request, takes no place from a connection", async () => {
  const { host, knock } = door({ maxConnections: 1 });
  const aborter = new AbortController();
  const { fetch } = accepting(host);
  const answer = await knock({ fetch: async (request, env) => await fetch(request, env) }, { signal: aborter.signal });
  assert.ok(answer instanceof Upgrade);
  answer.open(new RecordingSocket());
  aborter.abort();
  assert.equal(host.admission?.count, 1);
});

test("a plain request is not counted, and passes while there is no room", async () => {
  const { host, knock } = door({ maxConnections: 1 });
  const upgrade = await knock(accepting(host));
  assert.ok(upgrade instanceof Upgrade);
  const health = await knock({ fetch: () => new Response("fine") }, { headers: { host: "example.com" } });
  assert.ok(health instanceof Response);
  assert.equal(await health.text(), "fine");
});

test("without a limit nothing is counted", () => {
  assert.equal(door({}).host.admission, undefined);
});
