import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalize, toNetwork } from "../../src/address.ts";

const same: readonly (readonly [text: string, canonical: string | undefined])[] = [
  ["192.0.2.1", "192.0.2.1"],
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  ["::1", "::1"],
  ["::", "::"],
  ["2001:db8::1", "2001:db8::1"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["1::", "1::"],
  ["fe80::1%eth0", "fe80::1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:0201", "192.0.2.1"],
  ["0:0:0:0:0:ffff:c000:201", "192.0.2.1"],
  ["0000:0000:0000:0000:0000:ffff:192.0.2.1", "192.0.2.1"],
  ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
  ["::1.2.3.4", "::102:304"],
  ["::ffff:255.254.253.252", "255.254.253.252"],
  ["::ffff:fffe:fdfc", "255.254.253.252"],
  ["2001:db8::ffff:192.0.2.1", "2001:db8::ffff:c000:201"],
  ["1::ffff:192.0.2.1", "1::ffff:c000:201"],
  ["0:0:0:0:1:ffff:c000:201", "::1:ffff:c000:201"],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
  ["0000:0000:0000:0000:0000:ffff:192.100.200.100", "192.100.200.100"],
  ["", undefined],
  ["unknown", undefined],
  ["_hidden", undefined],
  ["192.0.2", undefined],
  ["192.0.2.1.1", undefined],
  ["192.0.2.256", undefined],
  ["192.0.2.01", undefined],
  ["0x7f.0.0.1", undefined],
  ["2130706433", undefined],
  ["192.0.2.1 ", undefined],
  ["192.0.2.1\n", undefined],
  [":", undefined],
  [":::", undefined],
  ["1::2::3", undefined],
  ["1:2:3:4:5:6:7", undefined],
  ["1:2:3:4:5:6:7:8:9", undefined],
  ["1:2:3:4:5:6:7::8", undefined],
  ["1:2:3:4:5:6:7:", undefined],
  [":1:2:3:4:5:6:7", undefined],
  ["12345::", undefined],
  ["g::", undefined],
  ["::192.0.2.1:1", undefined],
  ["192.0.2.1::", undefined],
  [`::${"0".repeat(60)}1`, undefined],
];
for (const [text, canonical] of same) {
  test(`canonicalize() gives ${canonical ?? "nothing"}, when it is given ${JSON.stringify(text)}`, () => {
    assert.equal(canonicalize(text), canonical);
  });
}

const networks: readonly (readonly [address: string, network: string])[] = [
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::ffff:c000:201", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::", "2001:db8:1:2::/64"],
  ["2001:db8:1:3::", "2001:db8:1:3::/64"],
  ["fe80::1%eth0", "fe80::/64"],
  ["::1", "::/64"],
  ["unknown", "unknown"],
];
for (const [address, network] of networks) {
  test(`D1 toNetwork() counts ${address} as ${network} (CVE-2026-47674: an IPv6 address in another form is no other peer)`, () => {
    assert.equal(toNetwork(address), network);
  });
}

test("canonicalize() agrees with the URL parser about IPv6, for 2,000 addresses at random", () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let i = 0; i < 2000; i++) {
    const groups = Array.from({ length: 8 }, () => (random(2) === 0 ? 0 : random(65_536)));
    const text = groups.map((group) => group.toString(16).padStart(random(5), "0")).join(":");
    const { hostname } = new URL(`http://[${text}]/`);
    if (!text.startsWith("0:0:0:0:0:ffff")) assert.equal(`[${canonicalize(text)}]`, hostname, text);
  }
});
