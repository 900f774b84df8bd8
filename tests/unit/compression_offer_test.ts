import assert from "node:assert/strict";
import { test } from "node:test";
import { pickOffer } from "../../adapters/node/deflate_offer.ts";
import { takesLinearTime } from "./timing.ts";

const plain = { extension: "permessage-deflate", windowBits: 15 };
const bits = (windowBits: number) => ({
  extension: `permessage-deflate; server_max_window_bits=${windowBits}`,
  windowBits,
});

const offers: readonly (readonly [header: string | undefined, offer: unknown])[] = [
  [undefined, undefined],
  ["", undefined],
  ["permessage-deflate", plain],
  ["  permessage-deflate  ", plain],
  ["permessage-deflate; client_max_window_bits", plain],
  ["permessage-deflate; client_max_window_bits=8", plain],
  ["permessage-deflate; client_max_window_bits=15", plain],
  ["permessage-deflate; server_no_context_takeover; client_no_context_takeover", plain],
  ["permessage-deflate;server_max_window_bits=9", bits(9)],
  ["permessage-deflate; server_max_window_bits=10; client_max_window_bits", bits(10)],
  ['permessage-deflate; server_max_window_bits="12"', bits(12)],
  ["permessage-deflate; server_max_window_bits=15", bits(15)],
  ["permessage-deflate; server_max_window_bits=10, permessage-deflate", bits(10)],
  // A window of 256 bytes is beyond zlib.
  ["permessage-deflate; server_max_window_bits=8", undefined],
  ["permessage-deflate; server_max_window_bits=8, permessage-deflate", plain],
  // Section 7.1: what makes an offer one to decline.
  ["permessage-deflate; server_max_window_bits", undefined],
  ["permessage-deflate; server_max_window_bits=7", undefined],
  ["permessage-deflate; server_max_window_bits=16", undefined],
  ["permessage-deflate; server_max_window_bits=010", undefined],
  ["permessage-deflate; server_max_window_bits=1e1", undefined],
  ["permessage-deflate; server_max_window_bits=", undefined],
  ["permessage-deflate; client_max_window_bits=99", undefined],
  ["permessage-deflate; server_no_context_takeover=1", undefined],
  ["permessage-deflate; client_no_context_takeover=true", undefined],
  ["permessage-deflate; client_no_context_takeover; client_no_context_takeover", undefined],
  ["permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", undefined],
  ["permessage-deflate; unknown", undefined],
  ["permessage-deflate;", undefined],
  ["permessage-deflate; unknown, permessage-deflate", plain],
  // Other extensions.
  ["x-webkit-deflate-frame", undefined],
  ["permessage-deflated", undefined],
  ["mux, permessage-deflate", plain],
  ['x; a="permessage-deflate, permessage-deflate"', undefined],
  ['x; a="\\", permessage-deflate", permessage-deflate', plain],
  ['x; a="never closed, permessage-deflate', undefined],
  [",,;;==", undefined],
];

for (const [header, offer] of offers) {
  test(`pickOffer() answers ${JSON.stringify(header)} as RFC 7692 says`, () => {
    assert.deepEqual(pickOffer(header), offer);
  });
}

test("GHSA-5v72-xg48-5rpm: names of Object.prototype are parameters like any unknown one", () => {
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
    assert.equal(pickOffer(`permessage-deflate; ${name}`), undefined);
    assert.equal(pickOffer(`permessage-deflate; ${name}=8`), undefined);
    assert.deepEqual(pickOffer(`${name}, permessage-deflate`), plain);
  }
});

test("CVE-2021-32640: pickOffer() reads a header of 64 KiB in linear time, whatever it repeats", async () => {
  for (const piece of [",", ";", '"', '\\"', " ", "=", "permessage-deflate;", "permessage-deflate; a,", "a; b=c, "]) {
    const header = piece.repeat(65_536 / piece.length);
    await takesLinearTime(() => pickOffer(header), JSON.stringify(piece));
  }
});
