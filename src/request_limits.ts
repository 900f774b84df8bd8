/**
 * The option `requestLimits`: how large a request may be. Every request of a listener is measured, be it for an upgrade or not.
 *
 * @module
 */

import { type Complete, checkInteger, checkNames } from "./options.ts";
import { refuse } from "./refusal.ts";

/** How large a request may be. */
export interface RequestLimits {
  /** Characters of path and query; a longer one is refused with 414 (RFC 9110, section 15.5.15). @default 4096 */
  maxUriLength?: number | undefined;
  /** Bytes of all headers, as they stand in HTTP/1.1; more are refused with 431 (RFC 6585, section 5). @default 8192; on `bun` and `deno` their own, 16 KiB and 64 KiB */
  maxHeaderSize?: number | undefined;
  /** Bytes of the body; a larger one is refused with 413 (RFC 9110, section 15.5.14). -1 is no limit. @default -1 */
  maxEntityBodySize?: number | undefined;
}

const NAMES: ReadonlySet<string> = new Set<keyof RequestLimits>(["maxUriLength", "maxHeaderSize", "maxEntityBodySize"]);

/**
 * Checks the option and fills in the defaults.
 *
 * @throws {TypeError} If a member is unknown or of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function toRequestLimits(limits: RequestLimits): Complete<RequestLimits> {
  checkNames("requestLimits", limits, NAMES);
  const { maxUriLength = 4096, maxHeaderSize = 8192, maxEntityBodySize = -1 } = limits;
  return {
    maxUriLength: checkInteger("requestLimits.maxUriLength", maxUriLength, 1),
    maxHeaderSize: checkInteger("requestLimits.maxHeaderSize", maxHeaderSize, 1),
    maxEntityBodySize: checkInteger("requestLimits.maxEntityBodySize", maxEntityBodySize, -1),
  };
}

/**
 * Measures a request. Returns the refusal, if any.
 *
 * @param headerSize Bytes of its headers, where that is known; else they are counted
 */
export function checkRequest(
  request: Request,
  limits: Complete<RequestLimits>,
  headerSize: number | undefined,
): Response | undefined {
  const { maxUriLength, maxHeaderSize, maxEntityBodySize } = limits;
  if (isUriLonger(request.url, maxUriLength)) return uriTooLong(maxUriLength);
  if ((headerSize ?? sizeOf(request.headers)) > maxHeaderSize) return headersTooLarge(maxHeaderSize);
  if (maxEntityBodySize === -1) return undefined;
  const length = request.headers.get("content-length");
  // Digits alone, for the runtimes have refused what is no number.
  if (length !== null && Number(length) > maxEntityBodySize) return bodyTooLarge(maxEntityBodySize);
  return undefined;
}

/** Makes the 414. */
export function uriTooLong(most: number): Response {
  return refuse(414, `Ask for a path and query of at most ${most} characters`, CLOSE);
}

/** Makes the 431. */
export function headersTooLarge(most: number): Response {
  return refuse(431, `Send at most ${most} bytes of headers`, CLOSE);
}

/** Makes the 413. */
export function bodyTooLarge(most: number): Response {
  return refuse(413, `Send a body of at most ${most} bytes`, CLOSE);
}

// What is left of the request is not worth reading.
const CLOSE: Readonly<Record<string, string>> = { connection: "close" };

/** A request whose body ends with an error past a limit: one that is sent in chunks does not say its size before. */
export class BoundedRequest {
  /** What the app gets. */
  readonly request: Request;
  /** Whether the body was longer. */
  isOver = false;
  #size = 0;

  /** Bounds the body, if there is one, to `most` bytes; -1 is no limit. */
  constructor(request: Request, most: number) {
    const body = most === -1 || request.headers.get("content-length") !== null ? null : request.body;
    this.request =
      body === null
        ? request
        : withBody(
            request,
            toCounted(body, (size) => this.#count(size, most)),
          );
  }

  #count(size: number, most: number): void {
    this.#size += size;
    if (this.#size <= most) return;
    this.isOver = true;
    throw new RangeError(`The body is longer than requestLimits.maxEntityBodySize, ${most} bytes`);
  }
}

// From its parts, for the request of `@hono/node-server` is none that other constructors know.
function withBody({ url, method, headers, signal }: Request, body: ReadableStream<Uint8Array<ArrayBuffer>>): Request {
  const init = { method, headers, signal, body, duplex: "half" };
  return new Request(url, init);
}

function toCounted(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  count: (size: number) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        count(chunk.byteLength);
        controller.enqueue(chunk);
      },
    }),
  );
}

// The address begins with a scheme and a host, behind which is a slash.
function isUriLonger(url: string, most: number): boolean {
  return url.length > most && url.length - url.indexOf("/", url.indexOf("//") + 2) > most;
}

// `name: value` and the end of its line; a header that came in several lines counts as joined.
function sizeOf(headers: Headers): number {
  let size = 0;
  for (const [name, value] of headers) size += name.length + value.length + 4;
  return size;
}
