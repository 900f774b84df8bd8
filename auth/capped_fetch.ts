/**
 * Requests to the servers that authentication depends on, bounded in time and size.
 *
 * @module
 */

import type { Clock } from "../src/clock.ts";
import { AuthError } from "../src/errors.ts";

/** Seconds that a request may take. */
const TIMEOUT = 5;
/** Bytes that a body may have. */
const MAX_BYTES = 262_144;

/** What Node calls a connection that ended: by a reset, while it was written to, or in order. */
const ENDED: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/** What is sent. */
export interface CappedRequest {
  /** @default "GET" */
  readonly method?: string;
  /** Headers of the request; `accept-encoding` is `identity` whatever stands here, but for browsers, which choose their own. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends one request; the global `fetch` is one. */
export type Send = (url: URL, init: RequestInit) => Promise<Response>;

/** The bounds of one request. */
export interface CappedFetchOptions {
  /** Seconds for all of it, from the connection to the last byte of the body. @default 5 */
  readonly timeout?: number;
  /** Bytes of the body, after decompression. @default 262144 */
  readonly maxBytes?: number;
  /** Send it again, once, over a fresh connection, when one ends before the answer. @default false */
  readonly again?: boolean;
  /** What sends the request. @default The global `fetch` */
  readonly fetch?: Send;
  /** Gives the request up when it aborts. @default it is not given up before `timeout` */
  readonly signal?: AbortSignal;
  /** What `timeout` is measured with. @default The time of the runtime; the process stays alive until the request ends */
  readonly clock?: Pick<Clock, "schedule">;
}

/** An answer that was read to its end. */
export interface CappedResponse {
  /** Any status but 3xx. */
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/**
 * Sends one request and reads the whole answer, within bounds; redirects are not followed. Runs in browsers too.
 *
 * @throws {AuthError} With status 503, if the server cannot be reached, takes too long, redirects, or sends a body that is
 * too large, compressed although that was refused, or not UTF-8. The message names the host alone: path, query, headers and bodies may hold secrets.
 */
export async function fetchCapped(
  url: string | URL,
  init: CappedRequest,
  options: CappedFetchOptions = {},
): Promise<CappedResponse> {
  const { timeout = TIMEOUT, maxBytes = MAX_BYTES, clock = ownTime } = options;
  const target = new URL(url);
  const abort = new AbortController();
  const late = Promise.withResolvers<never>();
  const cancel = clock.schedule(() => {
    late.reject(new Failure(`no whole answer within ${timeout} s`));
  }, timeout * 1000);
  const leave = () => late.reject(new Failure("it was given up"));
  options.signal?.addEventListener("abort", leave);
  try {
    if (options.signal?.aborted) throw new Failure("it was given up");
    const send: Send = options.fetch ?? fetch;
    const answer = read(target, init, options.again === true ? sendTwice(send) : send, maxBytes, abort.signal);
    return await Promise.race([answer, late.promise]);
  } catch (error) {
    // No cause: what runtimes throw quotes the whole URL.
    throw new AuthError(`Cannot ask "${target.host}": ${toReason(error)}`);
  } finally {
    cancel();
    options.signal?.removeEventListener("abort", leave);
    // Whatever of the answer is still to come is not wanted.
    abort.abort();
  }
}

const ownTime: Pick<Clock, "schedule"> = {
  schedule(callback, ms) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Why we gave up; any other error is the runtime's. */
class Failure extends Error {}

async function read(
  url: URL,
  init: CappedRequest,
  send: Send,
  maxBytes: number,
  signal: AbortSignal,
): Promise<CappedResponse> {
  const headers = new Headers(init.headers);
  headers.set("accept-encoding", "identity");
  const { method = "GET", body = null } = init;
  const response = await send(url, { method, headers, body, redirect: "manual", signal });
  const { status } = response;
  if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) {
    await response.body?.cancel();
    throw new Failure("it redirects, which is not followed");
  }
  // Not every runtime decodes what it did not ask for. A browser asks for it, whatever we say, and decodes it.
  const refused = new Request(url, { headers }).headers.has("accept-encoding");
  if (refused && (response.headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity") {
    await response.body?.cancel();
    throw new Failure("its answer is compressed, which was not asked for");
  }
  return { status, headers: response.headers, body: await readText(response, maxBytes) };
}

/** Node's fetch may write to a kept connection that is just ending, which says nothing of the server; Deno and Bun try again by themselves. */
function sendTwice(send: Send): Send {
  return async (url, init) => {
    try {
      return await send(url, init);
    } catch (error) {
      if (!ENDED.has(reasonOf(error) ?? "")) throw error;
      const headers = new Headers(init.headers);
      headers.set("connection", "close");
      return await send(url, { ...init, headers });
    }
  };
}

/** Counts what comes out, after any decompression, and ends at the first chunk too many. */
async function readText(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let size = 0;
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decode(decoder);
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel();
      throw new Failure(`its answer is larger than ${maxBytes} bytes`);
    }
    text += decode(decoder, value);
  }
}

function decode(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw new Failure("its answer is not UTF-8");
  }
}

function toReason(error: unknown): string {
  if (error instanceof Failure) return error.message;
  const code = reasonOf(error);
  return code === undefined ? "the request failed" : `the request failed with ${code}`;
}

function reasonOf(error: unknown): string | undefined {
  return codeOf(error) ?? (error instanceof Error ? codeOf(error.cause) : undefined);
}

/** The runtime's code of an error, `ECONNREFUSED` for example; never a text, for that may hold anything. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^\w{1,64}$/.test(error.code) ? error.code : undefined;
}
