/**
 * A socket of `ws` whose client takes compressed messages (RFC 7692).
 *
 * A message of usual size is compressed where it is sent, so that nothing can overtake it and one that goes to many is compressed once. A long
 * one is left to `ws`, which compresses on another thread; until that is written, all else goes through the queue of `ws` too.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { copyOf } from "../../src/bytes.ts";
import { COMPRESS_FROM, toDeflatedLimit } from "../../src/compression.ts";
import type { Upgrade } from "../../src/slot.ts";
import { DEFLATE_AT_ONCE } from "./deflate.ts";
import { inflate } from "./inflate.ts";
import { allBuffered, inflateBy, releaseDeflater, releaseInflater, sendByWs } from "./internals/runtime.ts";
import { JoinedSocket } from "./joined_socket.ts";
import type { JoinedWriter } from "./joined_writer.ts";
import type { NodeSocket, Served } from "./runtime.ts";

/** What `ws` makes for a client that offers permessage-deflate. */
export class DeflatingSocket extends JoinedSocket {
  /** The largest window that the client takes, as a power of two. */
  windowBits = 15;
  // Messages that `ws` has and that have not been written.
  #queued = 0;
  readonly #written = (): void => this.#noteWritten();

  override serve(upgrade: Upgrade, raw: NodeSocket & Served, writer: JoinedWriter): void {
    const limit = toDeflatedLimit(upgrade.rules.maxFrameSize);
    inflateBy(this, (data) => inflate(data, limit));
    super.serve(upgrade, raw, writer);
  }

  override get bufferedAmount(): number {
    return this.#queued === 0 ? super.bufferedAmount : allBuffered(this);
  }

  override send(data: string | Uint8Array, compress?: boolean): boolean {
    return this.#send(data, compress, false);
  }

  override sendOwned(data: Uint8Array<ArrayBuffer>, compress?: boolean): boolean {
    return this.#send(data, compress, true);
  }

  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    // Between messages there is nothing to keep: a window and its buffers would be 33 KiB a connection, those of a deflater 300.
    if (event === "message") releaseInflater(this);
    return super.emit(event, first, second);
  }

  #send(data: string | Uint8Array, compress: boolean | undefined, owned: boolean): boolean {
    const { raw, writer } = this;
    if (raw === undefined || writer === undefined || this.readyState !== 1) return false;
    const size = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
    const deflates = size > 0 && (compress ?? size >= COMPRESS_FROM);
    if (this.#queued > 0 || (deflates && size > DEFLATE_AT_ONCE)) {
      this.#queued++;
      this.flush();
      // It keeps the bytes until their turn.
      sendByWs(this, typeof data === "string" || owned ? data : copyOf(data), deflates, this.#written);
      return true;
    }
    if (deflates) writer.deflated(raw, data, this.windowBits, owned);
    else if (typeof data === "string") writer.text(raw, data);
    else writer.binary(raw, data, owned);
    return true;
  }

  #noteWritten(): void {
    this.#queued--;
    if (this.#queued === 0) releaseDeflater(this);
    // The raw socket tells of its own bytes only.
    this.connection?.drain();
  }
}
