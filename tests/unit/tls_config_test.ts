import assert from "node:assert/strict";
import { test } from "node:test";
import { type EngineName, Listener, type SecureSocket } from "../../mod.ts";
import { ENGINE_CAPABILITIES } from "../../src/capabilities.ts";
import { checkListenerConfig, pickEngine } from "../../src/listener_config.ts";
import { checkSecureSocket } from "../../src/secure_socket.ts";
import { silent } from "./support.ts";

const PEM_CERT = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const PEM_KEY = "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n";
const key = { certFile: "server.pem", keyFile: "server-key.pem" };

test("checkSecureSocket() takes every option in its right form", () => {
  const whole: SecureSocket = {
    key: { ...key, keyPassword: "x" },
    mutualSsl: { verifyClient: "OPTIONAL", cert: "ca.pem" },
    protocol: { versions: ["TLSv1.3", "TLSv1.2"] },
    ciphers: ["TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"],
    handshakeTimeout: 0.5,
    sessionTimeout: 300,
    shareSession: false,
  };
  checkSecureSocket(whole);
  checkSecureSocket({ key: { cert: PEM_CERT, key: PEM_KEY }, mutualSsl: { cert: PEM_CERT } });
  checkSecureSocket({ key: { path: "server.p12", password: "x" } });
  checkListenerConfig({ port: 0, secureSocket: whole });
});

const wrong: [name: string, value: unknown, message: RegExp, kind?: typeof RangeError][] = [
  ["no object", "server.pem", /^secureSocket must be an object/],
  ["null", null, /^secureSocket must be an object/],
  ["an unknown option", { key, cert: "x" }, /^Unknown option "cert" of secureSocket:/],
  ["no key", {}, /^Option secureSocket\.key must have certFile and keyFile, or/],
  ["a key that is a path", { key: "server.p12" }, /^Option secureSocket\.key must have/],
  ["a key without anything", { key: {} }, /^Option secureSocket\.key\.cert must be PEM text/],
  ["a key of two forms", { key: { ...key, cert: PEM_CERT } }, /^Unknown option "cert" of secureSocket\.key:/],
  ["a key of all forms", { key: { ...key, path: "x" } }, /^Unknown option "certFile" of secureSocket\.key:/],
  ["no certFile", { key: { keyFile: "x" } }, /^Option secureSocket\.key\.certFile must be a path/],
  ["a blank certFile", { key: { ...key, certFile: "" } }, /^Option secureSocket\.key\.certFile is blank/],
  ["no keyFile", { key: { certFile: "x" } }, /^Option secureSocket\.key\.keyFile must be a path/],
  ["a blank keyFile", { key: { ...key, keyFile: " " } }, /^Option secureSocket\.key\.keyFile is blank/],
  [
    "PEM text for a path of a key",
    { key: { ...key, keyFile: PEM_KEY } },
    /^Option secureSocket\.key\.keyFile must be a path; for PEM text use key$/,
  ],
  [
    "PEM text without its first line for a path of a key",
    { key: { ...key, keyFile: "SECRET\n-----END PRIVATE KEY-----" } },
    /^Option secureSocket\.key\.keyFile must be a path; for PEM text use key$/,
  ],
  [
    "the lines of a key in one for a path of it",
    { key: { ...key, keyFile: `MIG${"SECRET".repeat(20)}==` } },
    /^Option secureSocket\.key\.keyFile must be a path; for PEM text use key$/,
  ],
  [
    "PEM text for a path of certificates",
    { key: { ...key, certFile: PEM_CERT } },
    /^Option secureSocket\.key\.certFile must be a path; for PEM text use cert$/,
  ],
  ["a blank keyPassword", { key: { ...key, keyPassword: "" } }, /^Option secureSocket\.key\.keyPassword is blank/],
  ["a keyPassword of bytes", { key: { ...key, keyPassword: 5 } }, /^Option secureSocket\.key\.keyPassword must be/],
  ["a blank path", { key: { path: "", password: "x" } }, /^Option secureSocket\.key\.path is blank/],
  ["no path", { key: { password: "x" } }, /^Option secureSocket\.key\.path must be a path/],
  ["a blank password", { key: { path: "x", password: "" } }, /^Option secureSocket\.key\.password is blank/],
  ["no password", { key: { path: "x" } }, /^Option secureSocket\.key\.password must be a password/],
  [
    "a path in the place of a certificate",
    { key: { cert: "server.pem", key: PEM_KEY } },
    /^Option secureSocket\.key\.cert must be PEM text.*use certFile/,
  ],
  [
    "a path in the place of a key",
    { key: { cert: PEM_CERT, key: "server-key.pem" } },
    /^Option secureSocket\.key\.key must be PEM text.*use keyFile/,
  ],
  ["no CA", { key, mutualSsl: {} }, /^Option secureSocket\.mutualSsl\.cert must be a path or PEM text/],
  ["a blank CA", { key, mutualSsl: { cert: "" } }, /^Option secureSocket\.mutualSsl\.cert is blank/],
  [
    "an unknown verifyClient",
    { key, mutualSsl: { cert: "x", verifyClient: "optional" } },
    /^Option secureSocket\.mutualSsl\.verifyClient is "optional": must be "REQUIRE" or "OPTIONAL"/,
  ],
  [
    "an unknown option of mutualSsl",
    { key, mutualSsl: { cert: "x", ca: "y" } },
    /^Unknown option "ca" of secureSocket/,
  ],
  ["versions that are no list", { key, protocol: { versions: "TLSv1.3" } }, /^Option secureSocket\.protocol\.versions/],
  ["no versions", { key, protocol: { versions: [] } }, /^Option secureSocket\.protocol\.versions must be a list/],
  [
    "an old version",
    { key, protocol: { versions: ["TLSv1.1"] } },
    /^Option secureSocket\.protocol\.versions has "TLSv1\.1"/,
  ],
  [
    "an unknown option of protocol",
    { key, protocol: { name: "TLS" } },
    /^Unknown option "name" of secureSocket\.protocol/,
  ],
  ["ciphers that are no list", { key, ciphers: "ALL" }, /^Option secureSocket\.ciphers must be a list/],
  ["no ciphers", { key, ciphers: [] }, /^Option secureSocket\.ciphers must be a list/],
  ["a cipher with a colon", { key, ciphers: ["A:B"] }, /^Option secureSocket\.ciphers has "A:B"/],
  ["no handshakeTimeout", { key, handshakeTimeout: 0 }, /^Option secureSocket\.handshakeTimeout is 0/, RangeError],
  ["a negative handshakeTimeout", { key, handshakeTimeout: -1 }, /^Option secureSocket\.handshakeTimeout/, RangeError],
  [
    "a handshakeTimeout of text",
    { key, handshakeTimeout: "1" },
    /^Option secureSocket\.handshakeTimeout must be a number/,
  ],
  ["a long handshakeTimeout", { key, handshakeTimeout: 1e7 }, /^Option secureSocket\.handshakeTimeout is/, RangeError],
  ["a short sessionTimeout", { key, sessionTimeout: 0.5 }, /^Option secureSocket\.sessionTimeout is 0\.5/, RangeError],
  ["a shareSession of text", { key, shareSession: "no" }, /^Option secureSocket\.shareSession must be true or false/],
];
for (const [what, secureSocket, message, kind = TypeError] of wrong) {
  test(`a listener names the option, when secureSocket has ${what}`, () => {
    assert.throws(
      () => new Listener(0, { secureSocket: secureSocket as SecureSocket }),
      (error: Error) => {
        assert.equal(error.constructor, kind, String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /SECRET/);
        return true;
      },
    );
  });
}

test("a private key in the place of a path is in no message", () => {
  for (const secureSocket of [
    { key: { cert: "SECRET", key: "SECRET" } },
    { key: { certFile: "x", keyFile: "x", keyPassword: ["SECRET"] } },
    { key: "SECRET" },
  ]) {
    assert.throws(
      () => checkSecureSocket(secureSocket as unknown as SecureSocket),
      (error: Error) => !error.message.includes("SECRET"),
    );
  }
});

const mutualSsl = { cert: "ca.pem" };
const picks: [what: string, runtime: EngineName, secure: Partial<SecureSocket>, engine: EngineName][] = [
  ["plain TLS", "bun", {}, "bun"],
  ["plain TLS", "deno", {}, "deno"],
  ["both versions", "deno", { protocol: { versions: ["TLSv1.3", "TLSv1.2"] } }, "deno"],
  ["one version", "deno", { protocol: { versions: ["TLSv1.3"] } }, "node"],
  ["one version", "bun", { protocol: { versions: ["TLSv1.3"] } }, "bun"],
  ["client certificates", "deno", { mutualSsl }, "node"],
  ["client certificates, to show them", "bun", { mutualSsl }, "node"],
  ["optional client certificates", "bun", { mutualSsl: { ...mutualSsl, verifyClient: "OPTIONAL" } }, "node"],
  ["a time for the handshake", "bun", { handshakeTimeout: 5 }, "node"],
  ["a time for the handshake", "deno", { handshakeTimeout: 5 }, "node"],
  ["ciphers", "bun", { ciphers: ["X"] }, "bun"],
  ["sessions", "bun", { shareSession: false, sessionTimeout: 5 }, "bun"],
  ["everything", "node", { mutualSsl, ciphers: ["X"], shareSession: false, handshakeTimeout: 5 }, "node"],
];
for (const [what, runtime, secure, engine] of picks) {
  test(`R28 "auto" on ${runtime} takes the engine ${engine} for ${what}`, () => {
    assert.equal(pickEngine("auto", runtime, [], { key, ...secure }), engine);
  });
}

test("R28 an engine that was named is refused what it cannot keep, and the message names the one that can", () => {
  const refuses = (engine: EngineName, runtime: EngineName, secure: Partial<SecureSocket>, message: string): void => {
    assert.throws(() => pickEngine(engine, runtime, [], { key, ...secure }), { name: "UnsupportedError", message });
  };
  refuses(
    "deno",
    "deno",
    { mutualSsl },
    'Option secureSocket.mutualSsl is beyond the engine "deno" on deno: use engine "node"',
  );
  refuses(
    "bun",
    "bun",
    { mutualSsl: { ...mutualSsl, verifyClient: "OPTIONAL" } },
    'Option secureSocket.mutualSsl.verifyClient "OPTIONAL" is beyond the engine "bun" on bun: use engine "node"',
  );
  const nowhere =
    'Option secureSocket.ciphers is beyond the engine "node" on deno: no engine has it there, engine "node" on node has';
  refuses("node", "deno", { ciphers: ["X"] }, nowhere);
  assert.throws(() => pickEngine("auto", "deno", [], { key, ciphers: ["X"] }), { message: nowhere });
  assert.equal(pickEngine("bun", "bun", [], { key, mutualSsl }), "bun");
});

test("R28 an engine of the user's own gets TLS only if it says that it can", async () => {
  for (const [capabilities, secureSocket, message] of [
    [{ tls: false }, { key }, 'Option secureSocket is beyond the engine "mine": use engine "node"'],
    [
      { mutualSsl: false },
      { key, mutualSsl },
      'Option secureSocket.mutualSsl is beyond the engine "mine": use engine "node"',
    ],
  ] as const) {
    const engine = {
      capabilities: { ...ENGINE_CAPABILITIES.node, engine: "mine", ...capabilities },
      listen: () => Promise.reject(new Error("It was asked to listen")),
    };
    const listener = new Listener(0, { engine, secureSocket, logger: silent() });
    await assert.rejects(listener.start(), { name: "UnsupportedError", message });
  }
});
