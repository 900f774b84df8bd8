/** The two directions of permessage-deflate with the window that was agreed on (RFC 7692, section 7.2): messages that may lean on those before them. */
import { Buffer } from "node:buffer";
import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  deflateRawSync,
  type InflateRaw,
  inflateRawSync,
} from "node:zlib";

const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);

/** What was agreed on for one direction. */
export interface Agreed {
  /** The window as a power of two, 9 to 15. */
  readonly windowBits: number;
  /** Whether the window is kept from message to message. */
  readonly keeps: boolean;
}

/** Reads what an answer, such as `permessage-deflate; client_max_window_bits=9`, says of what one side sends. */
export function toAgreed(answer: string, side: "client" | "server"): Agreed {
  const bits = new RegExp(`${side}_max_window_bits=(\\d+)`).exec(answer)?.[1] ?? "15";
  return { windowBits: Number(bits), keeps: !answer.includes(`${side}_no_context_takeover`) };
}

/** Makes what compresses messages, one after the other. */
export function deflater({ windowBits, keeps }: Agreed): (data: Uint8Array) => Promise<Buffer> {
  const options = { windowBits, finishFlush: constants.Z_SYNC_FLUSH };
  const push = keeps ? pusher(createDeflateRaw(options)) : async (data: Uint8Array) => deflateRawSync(data, options);
  return async (data) => (await push(data)).subarray(0, -TAIL.length);
}

/** Makes what inflates messages, one after the other; what leans on more than was agreed on is refused. */
export function inflater({ windowBits, keeps }: Agreed): (data: Uint8Array) => Promise<Buffer> {
  const options = { windowBits, finishFlush: constants.Z_SYNC_FLUSH };
  const push = keeps ? pusher(createInflateRaw(options)) : async (data: Uint8Array) => inflateRawSync(data, options);
  return (data) => push(Buffer.concat([data, TAIL]));
}

function pusher(stream: DeflateRaw | InflateRaw): (data: Uint8Array) => Promise<Buffer> {
  let chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return (data) =>
    new Promise((resolve, reject) => {
      stream.once("error", reject);
      stream.write(data);
      stream.flush(constants.Z_SYNC_FLUSH, () => {
        stream.off("error", reject);
        resolve(Buffer.concat(chunks));
        chunks = [];
      });
    });
}
