import assert from "node:assert/strict";
import { test } from "node:test";
import { readForwarded } from "../../src/forwarded.ts";
import type { PeerCertificate } from "../../src/peer_certificate.ts";
import { UpgradeSlot } from "../../src/slot.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { silent, toHost } from "./support.ts";
import { takesLinearTime } from "./timing.ts";

function read(headers: Record<string, string>, hops: number): ReturnType<typeof readForwarded> {
  const map = new Map(Object.entries(headers));
  return readForwarded((name) => map.get(name) ?? null, hops);
}

const addresses: readonly (readonly [what: string, list: string, hops: number, address: string | undefined])[] = [
  ["the one entry", "192.0.2.1", 1, "192.0.2.1"],
  ["the last, whatever stands left of it", "10.0.0.1, 127.0.0.1, 192.0.2.1", 1, "192.0.2.1"],
  ["the last but one behind two proxies", "10.0.0.1, 192.0.2.1, 203.0.113.7", 2, "192.0.2.1"],
  ["the first, when the list is as long as the count", "192.0.2.1, 203.0.113.7", 2, "192.0.2.1"],
  ["nothing, when the count is beyond the list", "192.0.2.1, 203.0.113.7", 3, undefined],
  ["nothing of an empty header", "", 1, undefined],
  ["nothing of an empty header behind two", "", 2, undefined],
  ["nothing of spaces", "  ", 1, undefined],
  ["nothing of a comma", ",", 1, undefined],
  ["nothing of a comma behind two", ",", 2, undefined],
  ["nothing of an empty last entry: it does not move the others", "192.0.2.1,", 1, undefined],
  ["nothing of a malformed last entry: it does not move the others", "192.0.2.1, unknown", 1, undefined],
  ["the entry left of a malformed one, for that is another hop's", "192.0.2.1, garbage", 2, "192.0.2.1"],
  ["without spaces", "10.0.0.1,192.0.2.1", 1, "192.0.2.1"],
  ["with tabs", "10.0.0.1,\t192.0.2.1\t", 1, "192.0.2.1"],
  ["IPv4 with a port", "192.0.2.1:4711", 1, "192.0.2.1"],
  ["IPv6", "2001:db8::1", 1, "2001:db8::1"],
  ["IPv6 in brackets", "[2001:db8::1]", 1, "2001:db8::1"],
  ["IPv6 in brackets with a port", "[2001:DB8:0::1]:443", 1, "2001:db8::1"],
  ["IPv6 with a zone", "fe80::1%eth0", 1, "fe80::1"],
  ["IPv6 with a zone, brackets and port", "[fe80::1%25eth0]:1", 1, "fe80::1"],
  ["IPv4 that is mapped", "::ffff:192.0.2.1", 1, "192.0.2.1"],
  ["nothing of IPv4 in brackets", "[192.0.2.1]", 1, undefined],
  ["nothing of half a bracket", "[2001:db8::1", 1, undefined],
  ["nothing of a port that is none", "192.0.2.1:port", 1, undefined],
  ["nothing of a port of six digits", "192.0.2.1:123456", 1, undefined],
  ["nothing of a name", "proxy.example", 1, undefined],
  ["nothing of an obfuscated node", "_secret", 1, undefined],
  ["nothing of a quoted address", '"192.0.2.1"', 1, undefined],
  ["nothing of the form of RFC 7239", "for=192.0.2.1", 1, undefined],
  ["nothing of markup", "<script>", 1, undefined],
];
for (const [what, list, hops, address] of addresses) {
  test(`D1 X-Forwarded-For ${JSON.stringify(list)} behind ${hops}: ${what} (hono 41adbf56 took the first entry)`, () => {
    assert.equal(read({ "x-forwarded-for": list }, hops).address, address);
  });
}

test("D1 readForwarded() tells nothing, when there are no such headers, and reads no Forwarded", () => {
  const nothing = { address: undefined, isSecure: undefined, authority: undefined };
  assert.deepEqual(read({}, 1), nothing);
  assert.deepEqual(
    read({ forwarded: "for=192.0.2.1;proto=https;host=a.example", "x-real-ip": "192.0.2.1" }, 1),
    nothing,
  );
});

const schemes: readonly (readonly [list: string, hops: number, isSecure: boolean | undefined])[] = [
  ["https", 1, true],
  ["HTTPS", 1, true],
  ["wss", 1, true],
  ["http", 1, false],
  ["ws", 1, false],
  ["https, http", 1, false],
  ["https, http", 2, true],
  ["https", 2, true],
  ["http, https, http", 2, true],
  ["", 1, undefined],
  ["ftp", 1, undefined],
  ["https http", 1, undefined],
];
for (const [list, hops, isSecure] of schemes) {
  test(`D1 X-Forwarded-Proto ${JSON.stringify(list)} behind ${hops} is ${isSecure}`, () => {
    assert.equal(read({ "x-forwarded-proto": list }, hops).isSecure, isSecure);
  });
}

const hosts: readonly (readonly [list: string, hops: number, authority: string | undefined])[] = [
  ["app.example", 1, "app.example"],
  ["app.example:8443", 1, "app.example:8443"],
  ["[2001:db8::1]:8443", 1, "[2001:db8::1]:8443"],
  ["evil.example, app.example", 1, "app.example"],
  ["app.example, inner.example", 2, "app.example"],
  ["app.example", 2, "app.example"],
  ["", 1, undefined],
  ["app.example/path", 1, undefined],
  ["user@app.example", 1, undefined],
  ["app.example:port", 1, undefined],
  ["app.example:99999", 1, undefined],
  ["app example", 1, undefined],
  ["[::1", 1, undefined],
  ["a".repeat(600), 1, undefined],
];
for (const [list, hops, authority] of hosts) {
  test(`D1 X-Forwarded-Host ${JSON.stringify(list.slice(0, 40))} behind ${hops} is ${authority}`, () => {
    assert.equal(read({ "x-forwarded-host": list }, hops).authority, authority);
  });
}

test("C13 readForwarded() takes linear time for 64 KiB of commas, spaces, colons or digits", async () => {
  for (const piece of [",", " ", ":", "1", "a,", "[", "1.", "%", "::"]) {
    const text = piece.repeat(65_536 / piece.length);
    const headers = { "x-forwarded-for": text, "x-forwarded-proto": text, "x-forwarded-host": text };
    for (const hops of [1, 100]) {
      await takesLinearTime(() => read(headers, hops), JSON.stringify(piece));
    }
  }
});

test("D1 a slot that believes its proxy has the client's address, and the certificate of the proxy", () => {
  const peerCertificate = { fingerprint256: "AA" } as unknown as PeerCertificate;
  const slot = new UpgradeSlot(toHost(silent(), new FakeClock()), { remoteAddress: "10.0.0.1", peerCertificate }, true);
  slot.believe(new Headers({ "x-forwarded-for": "192.0.2.7" }), 1);
  assert.deepEqual([slot.peer.remoteAddress, slot.peer.peerCertificate], ["192.0.2.7", peerCertificate]);
  assert.equal(slot.isSecure, true);
  slot.believe(new Headers({ "x-forwarded-for": "unknown", "x-forwarded-proto": "http" }), 1);
  assert.deepEqual([slot.peer.remoteAddress, slot.isSecure, slot.authority], ["192.0.2.7", false, undefined]);
});
