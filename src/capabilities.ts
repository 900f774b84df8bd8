/**
 * What the engines can do, said once: the README's table is made from here (R28).
 *
 * @module
 */

import { UnsupportedError } from "./errors.ts";

/** The engines of this module. */
export type EngineName = "node" | "bun" | "deno";

/** What a service may insist on; `start` fails, naming an engine that has it, where the engine lacks it. */
export type Requirement = "ping" | "terminate" | "compression" | "messageLimit";

/** What the engine under a connection can do. */
export interface Capabilities {
  /** The name of the engine; `"websocket"` for a socket that was handed to `accept`, that of the transport for `run`. */
  readonly engine: string;
  /** Whether it is the transport of a client, under `run`. @default false */
  readonly isTransport?: boolean;
  /** `caller.ping`, `caller.pong`, `onPing`, `onPong`. */
  readonly ping: boolean;
  /** `caller.terminate`, and an end to a close that the peer does not answer. */
  readonly terminate: boolean;
  /** Reading stops while a service has too many messages waiting; elsewhere the connection closes with 1013. */
  readonly pause: boolean;
  /** The runtime tells when unsent bytes have left; elsewhere the module looks, at first in each turn of the event loop, then every few milliseconds. */
  readonly drain: boolean;
  /** A message over `maxFrameSize` is refused before it fills the memory; elsewhere it is judged when it has arrived. */
  readonly messageLimit: boolean;
  /** A close frame of ours reaches a peer that is sending at that moment. */
  readonly reliableClose: boolean;
  /** Bad frames are answered with 1002 or 1007; elsewhere the connection is just cut, or the frame passes. */
  readonly frameErrors: boolean;
  /** Frames that a client sends before the 101 are kept until the service has been chosen. */
  readonly earlyFrames: boolean;
  /** permessage-deflate (RFC 7692). */
  readonly compression: boolean;
  /** TLS, by `secureSocket`. */
  readonly tls: boolean;
  /** TLS with client certificates, by `secureSocket.mutualSsl`. */
  readonly mutualSsl: boolean;
  /** `caller.peerCertificate`. */
  readonly peerCertificate: boolean;
}

const full = {
  ping: true,
  terminate: true,
  pause: true,
  drain: true,
  messageLimit: true,
  reliableClose: true,
  frameErrors: true,
  earlyFrames: true,
  compression: true,
  tls: true,
  mutualSsl: true,
  peerCertificate: true,
};

const bare = {
  ping: false,
  terminate: false,
  pause: false,
  drain: false,
  messageLimit: false,
  reliableClose: false,
  frameErrors: false,
  earlyFrames: true,
  compression: false,
  tls: false,
  mutualSsl: false,
  peerCertificate: false,
};

/** The capabilities of each engine, as they were measured and are asserted by the tests. */
export const ENGINE_CAPABILITIES: Readonly<Record<EngineName, Capabilities>> = {
  node: { engine: "node", ...full },
  bun: { engine: "bun", ...full, earlyFrames: false, peerCertificate: false },
  deno: { engine: "deno", ...bare, tls: true },
};

/** What a Web-standard socket can do, whichever it is. */
export const SOCKET_CAPABILITIES: Capabilities = { engine: "websocket", ...bare };

/**
 * Checks that an engine has what a service requires.
 *
 * @throws {UnsupportedError} Naming the engines that have it
 */
export function checkRequirements(capabilities: Capabilities, requires: readonly Requirement[], who: string): void {
  for (const requirement of requires) {
    if (capabilities[requirement]) continue;
    throw new UnsupportedError(`${who} requires "${requirement}", which ${lacking(capabilities, requirement)}`);
  }
}

/** Says that an engine lacks a capability, and which one has it. */
export function lacking(capabilities: Capabilities, requirement: Requirement): string {
  if (capabilities.isTransport)
    return `the transport "${capabilities.engine}" lacks: use transport "ws", off the browser`;
  const able = Object.values(ENGINE_CAPABILITIES).filter((engine) => engine[requirement]);
  const others = able.filter((engine) => engine.engine !== capabilities.engine);
  const names = others.map((engine) => `"${engine.engine}"`).join(" or ");
  // The table is of the engine at its best.
  if (others.length < able.length) {
    const elsewhere = names === "" ? "" : `; so has engine ${names}`;
    return `the engine "${capabilities.engine}" has only on other runtimes${elsewhere}`;
  }
  return `the engine "${capabilities.engine}" lacks: use engine ${names}`;
}
