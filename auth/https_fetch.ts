/**
 * A fetch whose server is known by a CA of your own, over `node:https`: the global `fetch` of Node takes no CA.
 *
 * @module
 */

import type { Agent, request } from "node:https";
import process from "node:process";
import { isBarePem, isPem } from "../src/secure_socket.ts";
import type { Send } from "./capped_fetch.ts";

/** TLS towards a server that is asked. Each certificate and key is PEM text, or the path of a file that holds it. */
export interface ClientSecureSocket {
  /** The CA that signed the server's certificate. @default Those that the runtime trusts */
  readonly ca?: string | undefined;
  /** The certificate to show when the server wants one (RFC 8705, section 2). Goes with `key`. */
  readonly cert?: string | undefined;
  /** The key of `cert`. */
  readonly key?: string | undefined;
  /** The password of `key`. */
  readonly keyPassword?: string | undefined;
  /** The name that the server's certificate must have. @default The host of the URL */
  readonly serverName?: string | undefined;
}

/** Statuses whose responses have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Makes a fetch out of TLS options. Files are read, and the key is held against its certificate, at once.
 *
 * @throws {TypeError} If a file cannot be read or used, or the key does not fit; the message names the option
 */
export function httpsFetch(secureSocket: ClientSecureSocket): Send {
  // Loaded here and not imported: who names no secureSocket needs no node:https.
  const { Agent, request } = process.getBuiltinModule("node:https");
  const { serverName } = secureSocket;
  const tls = { ...toTls(secureSocket), ...(serverName !== undefined && { servername: serverName }) };
  // No connection is kept: one that the server has just closed would fail the next call.
  const agent = new Agent({ ...tls, keepAlive: false });
  return (url, init) => send(request, agent, tls, url, init);
}

function toTls({ ca, cert, key, keyPassword }: ClientSecureSocket): Record<string, string> {
  const { X509Certificate, createPrivateKey } = process.getBuiltinModule("node:crypto");
  const tls: Record<string, string> = {};
  if (ca !== undefined) {
    tls.ca = toPem("ca", ca);
    attempt("ca is not a certificate", () => new X509Certificate(tls.ca ?? ""));
  }
  if (cert === undefined && key === undefined) return tls;
  if (cert === undefined || key === undefined) throw new TypeError("Options secureSocket.cert and .key go together");
  tls.cert = toPem("cert", cert);
  tls.key = toPem("key", key);
  if (keyPassword !== undefined) tls.passphrase = keyPassword;
  const certificate = attempt("cert is not a certificate", () => new X509Certificate(tls.cert ?? ""));
  const privateKey = attempt("key cannot be read: is keyPassword right?", () =>
    createPrivateKey({ key: tls.key ?? "", ...(keyPassword !== undefined && { passphrase: keyPassword }) }),
  );
  if (!certificate.checkPrivateKey(privateKey)) throw new TypeError("Option secureSocket.key does not fit its cert");
  return tls;
}

function toPem(name: string, value: string): string {
  if (isPem(value)) return value;
  if (isBarePem(value)) throw new TypeError(`Option secureSocket.${name} is neither PEM text nor a path`);
  return attempt(`${name} is neither PEM text nor a file that can be read: "${value}"`, () =>
    process.getBuiltinModule("node:fs").readFileSync(value, "utf8"),
  );
}

function attempt<Result>(what: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw new TypeError(`Option secureSocket.${what}`, { cause });
  }
}

function send(start: typeof request, agent: Agent, tls: object, url: URL, init: RequestInit): Promise<Response> {
  const { method = "GET", headers, body, signal } = init;
  const options = {
    ...tls,
    agent,
    method,
    headers: Object.fromEntries(new Headers(headers)),
    ...(signal && { signal }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = start(url, options, (incoming) => {
      const { statusCode: status = 0, rawHeaders } = incoming;
      const chunks: AsyncIterator<Uint8Array> = incoming[Symbol.asyncIterator]();
      const bytes = {
        async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
          const { done, value } = await chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel() {
          incoming.destroy();
        },
      };
      try {
        const stream = BODILESS.has(status) ? null : new ReadableStream(bytes, { highWaterMark: 0 });
        resolve(new Response(stream, { status, headers: toHeaders(rawHeaders) }));
        if (stream === null) incoming.resume();
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    });
    outgoing.on("error", reject);
    outgoing.end(typeof body === "string" ? body : undefined);
  });
}

function toHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < raw.length; index += 2) headers.append(raw[index] ?? "", raw[index + 1] ?? "");
  return headers;
}
