/**
 * A client that goes through the opening handshake of an app.
 *
 * @module
 */

import { ask } from "../ask.ts";
import { InvalidHandshakeError } from "../errors.ts";
import { checkNames } from "../options.ts";
import { type App, Upgrade, UpgradeSlot } from "../slot.ts";
import type { UpgradeService } from "../upgrade.ts";
import { type ClientOptions, join, type Pair, toHost } from "./pair.ts";

/** What a test decides about a connection with a handshake. */
export interface ConnectOptions extends ClientOptions {
  /** Headers of the request, such as `cookie`, `origin` or `authorization`. @default those of the handshake */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Subprotocols that the client offers, in its order. @default [] */
  protocols?: readonly string[] | undefined;
  /** Parameters of the path, for an upgrade service without an app; an app finds them itself. @default {} */
  params?: Readonly<Record<string, string>> | undefined;
}

/** Both ends of a connection, and how it came about. */
export interface Connected extends Pair {
  /** The subprotocol that the service chose, "" for none. */
  readonly protocol: string;
  /** The headers that the 101 has besides those of the handshake. */
  readonly headers: Headers;
}

const NAMES: ReadonlySet<string> = new Set<keyof ConnectOptions>([
  "clock",
  "logger",
  "remoteAddress",
  "answerClose",
  "answerPings",
  "headers",
  "protocols",
  "params",
]);

// The example of RFC 6455, section 1.3.
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/**
 * Opens a connection to an app, or to an upgrade service, without a port: routes, middleware, the checks of the handshake and the upgrade handler run
 * as they do behind a listener.
 *
 * @param target A Hono app, or what `upgrade` made
 * @param path The path and query, or a whole address: `wss:` makes `caller.isSecure` true. @default "/"
 * @returns A promise that rejects with an `InvalidHandshakeError` when the upgrade is refused; its `cause` is the `Response`
 * @throws {TypeError} If an option is unknown
 * @example
 * ```ts
 * import { upgrade } from "@switchboard/websocket";
 * import { connect } from "@switchboard/websocket/testing";
 *
 * const hello = upgrade<"/hello/:name">(({ params }) => ({ onOpen: () => `Hello ${params.name}` }));
 * const { client } = await connect(hello, "/hello/ada", { params: { name: "ada" } });
 * console.log(await client.receive()); // Hello ada
 * ```
 */
export async function connect(
  target: App | UpgradeService,
  path = "/",
  options: ConnectOptions = {},
): Promise<Connected> {
  checkNames("ConnectOptions", options, NAMES);
  const app = typeof target === "function" ? toApp(target, options.params ?? {}) : target;
  const url = new URL(path, "ws://localhost");
  const isSecure = url.protocol === "wss:" || url.protocol === "https:";
  const slot = new UpgradeSlot(toHost(options), { remoteAddress: options.remoteAddress }, isSecure);
  const answer = await ask(app, toRequest(url, isSecure, options), slot, {});
  if (!(answer instanceof Upgrade)) throw await toRefusal(answer);
  const headers = new Headers();
  for (const [name, value] of answer.headers) headers.append(name, value);
  return { ...join(answer, options), protocol: answer.protocol, headers };
}

function toRequest(url: URL, isSecure: boolean, { headers = {}, protocols = [] }: ConnectOptions): Request {
  const all = new Headers({
    host: url.host,
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": KEY,
  });
  if (protocols.length > 0) all.set("sec-websocket-protocol", protocols.join(", "));
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  return new Request(`${isSecure ? "https" : "http"}://${url.host}${url.pathname}${url.search}`, { headers: all });
}

// An upgrade service is a Hono handler, and this is as much of Hono as it needs.
function toApp(service: UpgradeService, params: Readonly<Record<string, string>>): App {
  return {
    fetch(request, env) {
      const headers = new Headers();
      return service({
        req: { raw: request, param: () => params },
        env,
        header(name, value, options) {
          if (value === undefined) headers.delete(name);
          else headers[options?.append === true ? "append" : "set"](name, value);
        },
        body: () => new Response(null, { headers }),
        get: () => undefined,
      });
    },
  };
}

async function toRefusal(response: Response): Promise<InvalidHandshakeError> {
  const advice = (await response.clone().text()).trim();
  const why = advice === "" ? "" : `: ${advice}`;
  return new InvalidHandshakeError(`The upgrade was refused with ${response.status}${why}`, { cause: response });
}
