/**
 * Which engine can keep which TLS option, as it was measured.
 *
 * @module
 */

import type { Capabilities, EngineName } from "./capabilities.ts";
import { UnsupportedError } from "./errors.ts";
import type { SecureSocket } from "./secure_socket.ts";

/** Something that not every engine can do for `secureSocket`. */
type Feature =
  | "mutualSsl"
  | "verifyClient"
  | "protocol"
  | "ciphers"
  | "handshakeTimeout"
  | "sessionTimeout"
  | "shareSession";

const TEXT: Readonly<Record<Feature, string>> = {
  mutualSsl: "mutualSsl",
  verifyClient: 'mutualSsl.verifyClient "OPTIONAL"',
  protocol: "protocol",
  ciphers: "ciphers",
  handshakeTimeout: "handshakeTimeout",
  sessionTimeout: "sessionTimeout",
  shareSession: "shareSession false",
};

const EVERYTHING: readonly Feature[] = [
  "mutualSsl",
  "verifyClient",
  "protocol",
  "ciphers",
  "handshakeTimeout",
  "sessionTimeout",
  "shareSession",
];

/** What an engine cannot do on a runtime. */
function lacksOf(engine: EngineName, runtime: EngineName): readonly Feature[] {
  if (engine === "deno") return EVERYTHING;
  // Bun.serve lets a certificate of any CA in, and does not tell of it; it ends a slow handshake after 12 s.
  if (engine === "bun") return ["verifyClient", "handshakeTimeout"];
  // Under node:https of Deno is rustls, which is not told of these.
  return runtime === "deno" ? ["ciphers", "sessionTimeout", "shareSession"] : [];
}

function featuresOf(secure: SecureSocket): readonly Feature[] {
  const features: Feature[] = [];
  if (secure.mutualSsl !== undefined) features.push("mutualSsl");
  if (secure.mutualSsl?.verifyClient === "OPTIONAL") features.push("verifyClient");
  if (secure.protocol !== undefined && new Set(secure.protocol.versions).size === 1) features.push("protocol");
  for (const name of ["ciphers", "handshakeTimeout", "sessionTimeout"] as const) {
    if (secure[name] !== undefined) features.push(name);
  }
  if (secure.shareSession === false) features.push("shareSession");
  return features;
}

/** Lists what TLS options ask for and an engine cannot do. */
function missing(engine: EngineName, runtime: EngineName, secure: SecureSocket): readonly Feature[] {
  const lacks = lacksOf(engine, runtime);
  return featuresOf(secure).filter((feature) => lacks.includes(feature));
}

/** Tells whether the runtime's own engine should step back for `node`: where it lacks an option, or does not show certificates that are asked for. */
export function prefersNode(runtime: EngineName, secure: SecureSocket | undefined): boolean {
  if (secure === undefined) return false;
  return secure.mutualSsl !== undefined || missing(runtime, runtime, secure).length > 0;
}

/**
 * Checks that an engine can keep the TLS options.
 *
 * @throws {UnsupportedError} Naming the option, and the engine that can
 */
export function checkSupport(engine: EngineName, runtime: EngineName, secure: SecureSocket | undefined): void {
  if (secure === undefined) return;
  const [feature] = missing(engine, runtime, secure);
  if (feature === undefined) return;
  const able = ([runtime, "node"] as const).filter((other) => !lacksOf(other, runtime).includes(feature));
  const lack = `Option secureSocket.${TEXT[feature]} is beyond the engine "${engine}" on ${runtime}`;
  if (able.length === 0) throw new UnsupportedError(`${lack}: no engine has it there, engine "node" on node has`);
  throw new UnsupportedError(`${lack}: use engine "${able[0]}"`);
}

/**
 * Checks that an engine of the user's own has TLS, and client certificates if they are asked for.
 *
 * @throws {UnsupportedError} Naming the option, and the engine that has it
 */
export function checkOwnEngine({ engine, tls, mutualSsl }: Capabilities, secure: SecureSocket | undefined): void {
  if (secure === undefined || (tls && (mutualSsl || secure.mutualSsl === undefined))) return;
  const option = tls ? "secureSocket.mutualSsl" : "secureSocket";
  throw new UnsupportedError(`Option ${option} is beyond the engine "${engine}": use engine "node"`);
}
