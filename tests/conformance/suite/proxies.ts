/** D1: what proxies tell of the client, and that nothing is believed of a request that may have invented it. */
import assert from "node:assert/strict";
import { connect, HandshakeRefused, request, toHandshake } from "../../kit/raw_client.ts";
import type { Running, Subject } from "./subject.ts";

const TOLD = {
  "X-Forwarded-For": "10.0.0.1, 192.0.2.7",
  "X-Forwarded-Proto": "https",
  "X-Forwarded-Host": "app.example",
  Forwarded: "for=198.51.100.1;proto=https;host=evil.example",
  "X-Real-IP": "198.51.100.1",
};

export function proxies(subject: Subject): void {
  subject.test("D1 without trustedProxies no X-Forwarded header is believed", async () => {
    await run(subject, undefined, async ({ connect: open }) => {
      const [asked, address, isSecure] = JSON.parse(`${await (await open({ headers: TOLD })).message()}`);
      assert.match(asked, /127\.0\.0\.1$/);
      assert.equal(address, asked);
      assert.equal(isSecure, false);
      await assert.rejects(open({ headers: { ...TOLD, Origin: "https://app.example" } }), HandshakeRefused);
    });
  });

  subject.test("D1 behind one proxy the last entry is the client, and not the first (hono 41adbf56)", async () => {
    await run(subject, 1, async ({ connect: open }) => {
      const seen = JSON.parse(`${await (await open({ headers: TOLD })).message()}`);
      assert.deepEqual(seen, ["192.0.2.7", "192.0.2.7", true]);
      const lines = { "X-Forwarded-For": ["10.0.0.1", "10.0.0.2, 2001:DB8::0:7"], "X-Forwarded-Proto": "http" };
      const other = JSON.parse(`${await (await open({ headers: lines })).message()}`);
      assert.deepEqual(other, ["2001:db8::7", "2001:db8::7", false]);
    });
  });

  const wrong: readonly (readonly [what: string, trusted: number, list: string])[] = [
    ["a count beyond the list", 3, "10.0.0.1, 192.0.2.7"],
    ["an empty header", 1, ""],
    ["an entry that is no address", 1, "192.0.2.7, unknown"],
    ["an entry with markup", 1, "<script>alert(1)</script>"],
  ];
  for (const [what, trusted, list] of wrong) {
    subject.test(`D1 ${what} leaves the address of the socket`, async () => {
      await run(subject, trusted, async ({ connect: open }) => {
        const client = await open({ headers: { "X-Forwarded-For": list, "X-Forwarded-Proto": "gopher" } });
        const [asked, address, isSecure] = JSON.parse(`${await client.message()}`);
        assert.match(asked, /127\.0\.0\.1$/);
        assert.deepEqual([address, isSecure], [asked, false]);
      });
    });
  }

  subject.test("A1 the same origin is that of X-Forwarded-Host, behind a trusted proxy", async () => {
    await run(subject, 1, async ({ listener, connect: open }) => {
      const host = { "X-Forwarded-Host": "evil.example, app.example" };
      assert.ok(await open({ headers: { ...host, Origin: "https://app.example" } }));
      for (const origin of ["https://evil.example", `http://127.0.0.1:${listener.port}`]) {
        const handshake = toHandshake(listener.port, { headers: { ...host, Origin: origin } });
        assert.equal((await request(listener.port, handshake)).status, 403);
      }
      const malformed = { "X-Forwarded-Host": "a/b", Origin: `http://127.0.0.1:${listener.port}` };
      assert.ok(await open({ headers: malformed }));
    });
  });

  subject.test(
    "D1 connections are counted by the address that the proxy tells, whatever its form (CVE-2026-39409, CVE-2026-47674)",
    async () => {
      await subject.run(
        () => () => ({ onOpen: () => "hello" }),
        async ({ connect: open, listener }) => {
          const groups = [
            ["192.0.2.7", "::ffff:192.0.2.7", "203.0.113.9, ::FFFF:c000:207", "192.0.2.7:4711"],
            ["2001:db8::1", "2001:DB8:0:0:ffff::2", "[2001:db8::3]:443", "2001:db8::4%eth0"],
          ];
          for (const [first = "", ...others] of groups) {
            const client = await open({ headers: { "X-Forwarded-For": first } });
            for (const other of others) {
              const handshake = toHandshake(listener.port, { headers: { "X-Forwarded-For": other } });
              assert.equal((await request(listener.port, handshake)).status, 429, other);
            }
            assert.equal(await client.message(), "hello");
          }
          for (const other of ["192.0.2.8", "2001:db8:0:1::1"]) {
            const client = await connect(listener.port, { headers: { "X-Forwarded-For": other } });
            client.destroy();
          }
        },
        { listener: { trustedProxies: 1, maxConnectionsPerAddress: 1 } },
      );
    },
  );
}

/** Runs a service that says what it knows of its peer. */
function run(subject: Subject, trusted: number | undefined, use: (running: Running) => Promise<void>): Promise<void> {
  return subject.run(
    () => (asked) => ({
      onOpen: (caller) => [asked.remoteAddress ?? "", caller.remoteAddress ?? "", caller.isSecure],
    }),
    use,
    trusted === undefined ? {} : { listener: { trustedProxies: trusted } },
  );
}
