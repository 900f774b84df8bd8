/**
 * The options of `toAsyncAPI`.
 *
 * @module
 */

import type { Authenticator } from "../authenticator.ts";
import { type CredentialSource, toCredentialSources } from "../credentials.ts";
import { checkNames } from "../options.ts";
import { checkSchema, type StandardSchema } from "../standard_schema.ts";
import type { AsyncApiParameter, AsyncApiServer } from "./document.ts";
import type { ToJsonSchema } from "./json_schema.ts";

/** The options of `toAsyncAPI`. */
export interface AsyncApiOptions {
  /** What the service is called. */
  readonly title: string;
  /** The version of the service. */
  readonly version: string;
  /** The path of the service, as it is attached: `/chat/:room`. */
  readonly path: string;
  /** What the service is for. @default none */
  readonly description?: string | undefined;
  /** Where the service can be reached, by names of your own. @default none */
  readonly servers?: Readonly<Record<string, AsyncApiServer>> | undefined;
  /** What is to be said of the parameters of the path, by name. @default their names alone */
  readonly params?: Readonly<Record<string, AsyncApiParameter>> | undefined;
  /** The schema of the query, as `upgrade` takes it. @default none */
  readonly query?: StandardSchema | undefined;
  /** The schema of the headers, as `upgrade` takes it. @default none */
  readonly headers?: StandardSchema | undefined;
  /** The authenticators of the service; each scheme becomes a security scheme. @default none */
  readonly auth?: readonly Pick<Authenticator, "scheme">[] | undefined;
  /** Where a credential may stand, as `upgrade` takes it. @default ["header"] */
  readonly credentials?: readonly CredentialSource[] | undefined;
  /** Gives the JSON Schema of schemas that have none of their own: `toJsonSchema` of `@valibot/to-json-schema`. @default none */
  readonly toJsonSchema?: ToJsonSchema | undefined;
}

const NAMES: ReadonlySet<string> = new Set<keyof AsyncApiOptions>([
  "title",
  "version",
  "path",
  "description",
  "servers",
  "params",
  "query",
  "headers",
  "auth",
  "credentials",
  "toJsonSchema",
]);

/**
 * Checks the options of `toAsyncAPI`.
 *
 * @throws {TypeError} Naming the option
 */
export function checkAsyncApiOptions(options: AsyncApiOptions): void {
  checkNames("AsyncApiOptions", options, NAMES);
  for (const name of ["title", "version"] as const) {
    if (typeof options[name] !== "string" || options[name] === "") {
      throw new TypeError(`Option ${name} is ${JSON.stringify(options[name])}: must be a text`);
    }
  }
  checkSchema("query", options.query);
  checkSchema("headers", options.headers);
  if (options.toJsonSchema !== undefined && typeof options.toJsonSchema !== "function") {
    throw new TypeError("Option toJsonSchema must be a function of a schema");
  }
  checkServers(options.servers);
  const { auth = [] } = options;
  if (!Array.isArray(auth) || !auth.every(hasScheme))
    throw new TypeError("Option auth must be a list of authenticators");
  toCredentialSources(options.credentials);
}

// A document with others is refused by the tools that read it.
function checkServers(servers: AsyncApiOptions["servers"]): void {
  if (servers === undefined) return;
  if (!isObject(servers) || Symbol.iterator in servers)
    throw new TypeError("Option servers must be a record of servers, by their names");
  for (const [name, server] of Object.entries<unknown>(servers)) {
    if (!/^[\w-]+$/.test(name)) {
      throw new TypeError(
        `Option servers has ${JSON.stringify(name)}: a name consists of letters, digits, "_" and "-"`,
      );
    }
    if (!isServer(server))
      throw new TypeError(`Option servers.${name} must be like { host: "example.com", protocol: "wss" }`);
  }
}

function isServer(value: unknown): boolean {
  if (!isObject(value) || !("host" in value) || !("protocol" in value)) return false;
  // A `URL` has both too, the protocol with its colon.
  const { host, protocol } = value;
  return (
    typeof host === "string" && /^[^/\s]+$/.test(host) && typeof protocol === "string" && /^[^:/\s]+$/.test(protocol)
  );
}

function hasScheme(value: unknown): boolean {
  return isObject(value) && "scheme" in value && typeof value.scheme === "string";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
