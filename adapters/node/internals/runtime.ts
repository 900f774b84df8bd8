/**
 * What this adapter uses of `ws` that is not public. Each is left alone where a `ws` has it no more, and nothing but speed or memory is lost.
 *
 * @module
 */

import { WebSocket } from "ws";
import { nextTick } from "../../../src/clock.ts";
import { unmask, WORTH_WORDS } from "../unmask.ts";

interface Zlib {
  close(): void;
}

interface Deflating {
  readonly _extensions?: { readonly "permessage-deflate"?: Extension };
}

interface Extension {
  _inflate?: Zlib | null;
  _deflate?: Zlib | null;
  decompress?(data: Uint8Array, fin: boolean, done: Inflated): void;
}

type Inflated = (error: Error | null, data: Uint8Array) => void;

/**
 * Makes `ws` ask `inflate` first for a message that came in one frame; what that does not inflate is left to `ws`. A `ws` without this member is
 * left alone.
 */
export function inflateBy(socket: object, inflate: (data: Uint8Array) => Uint8Array | undefined): void {
  const extension = (socket as Deflating)._extensions?.["permessage-deflate"];
  const byWs = extension?.decompress;
  if (extension === undefined || byWs === undefined) return;
  let isFragmented = false;
  extension.decompress = function (data, fin, done) {
    const inflated = fin && !isFragmented ? inflate(data) : undefined;
    isFragmented = !fin;
    // `ws` reads on when it is called back, so it must not be from here.
    if (inflated === undefined) byWs.call(this, data, fin, done);
    else nextTick(() => done(null, inflated));
  };
}

/**
 * Lets go of what `ws` inflates with, which it would keep for as long as the connection. Between two messages only; a `ws` without these
 * fields is left alone.
 */
export function releaseInflater(socket: object): void {
  const extension = (socket as Deflating)._extensions?.["permessage-deflate"];
  extension?._inflate?.close();
  if (extension !== undefined) extension._inflate = null;
}

/** The same of what it deflates with, when nothing is being deflated. */
export function releaseDeflater(socket: object): void {
  const extension = (socket as Deflating)._extensions?.["permessage-deflate"];
  extension?._deflate?.close();
  if (extension !== undefined) extension._deflate = null;
}

/** Sends by the queue of `ws`, whatever the subclass sends by; `written` is called when the kernel has the message, or the socket is gone. */
export function sendByWs(
  socket: object,
  data: string | Uint8Array,
  compress: boolean,
  written: (error?: Error) => void,
): void {
  WebSocket.prototype.send.call(socket as WebSocket, data, { binary: typeof data !== "string", compress }, written);
}

/** Counts the bytes that `ws` holds and those that the raw socket does, whatever the subclass counts. */
export function allBuffered(socket: object): number {
  return Reflect.get(WebSocket.prototype, "bufferedAmount", socket) as number;
}

interface Writable {
  readonly writableEnded: boolean;
  end(...last: unknown[]): unknown;
}

/**
 * Lets `ws` end the receiver of a socket, and the raw socket under it, once: it does so up to three times for each connection, and for each further time
 * Node makes an error, with its stack, that nobody sees. That would be more than a tenth of all that a connection costs. A `ws` without the field, and a raw
 * socket that somebody else has given an `end`, are left alone.
 */
export function endOnce(socket: object, raw: Writable): void {
  const { _receiver: receiver } = socket as { readonly _receiver?: Writable };
  if (receiver !== undefined) receiver.end = endUnlessEnded;
  if (!Object.hasOwn(raw, "end")) raw.end = endUnlessEnded;
}

function endUnlessEnded(this: Writable, ...last: unknown[]): unknown {
  if (last.length === 0 && this.writableEnded) return this;
  return (Object.getPrototypeOf(this) as Writable).end.apply(this, last);
}

interface Receiver {
  readonly _buffers: readonly Uint8Array[];
  readonly _bufferedBytes: number;
  readonly _payloadLength: number;
  readonly _masked: boolean;
  _mask: Uint8Array | undefined;
  getData(done: unknown): void;
}

// What `ws` takes for a payload that is not masked.
const UNMASKED = new Uint8Array(4);

/** Unmasks large payloads of a socket before `ws` does. A `ws` without these fields is left alone. */
export function unmaskByWords(socket: object): void {
  const { _receiver: receiver } = socket as { readonly _receiver?: Partial<Receiver> };
  if (receiver?.getData !== undefined && receiver._buffers !== undefined) receiver.getData = getUnmaskedData;
}

function getUnmaskedData(this: Receiver, done: unknown): void {
  const length = this._payloadLength;
  const mask = this._mask;
  if (length >= WORTH_WORDS && this._masked && mask !== undefined && this._bufferedBytes >= length) {
    let phase = 0;
    for (const buffer of this._buffers) {
      const part = buffer.length > length - phase ? buffer.subarray(0, length - phase) : buffer;
      unmask(part, mask, phase);
      phase += part.length;
      if (phase === length) break;
    }
    this._mask = UNMASKED;
  }
  (Object.getPrototypeOf(this) as Receiver).getData.call(this, done);
}
