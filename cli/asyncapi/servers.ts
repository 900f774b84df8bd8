/**
 * The option `--server`.
 *
 * @module
 */

import type { AsyncApiServer } from "../../src/asyncapi/document.ts";
import { UsageError } from "../command.ts";

/**
 * Turns `wss://example.com/api` and `production=wss://example.com` into servers; `undefined` if there are none.
 *
 * @throws {UsageError} If one is no URL of a WebSocket server, or two have one name
 */
export function toServers(given: readonly string[]): Readonly<Record<string, AsyncApiServer>> | undefined {
  if (given.length === 0) return undefined;
  const servers = new Map<string, AsyncApiServer>();
  for (const text of given) {
    const [, named, address = ""] = /^(?:([\w-]+)=)?(.*)$/s.exec(text) ?? [];
    const name = named ?? `server${servers.size === 0 ? "" : servers.size + 1}`;
    if (servers.has(name)) throw new UsageError(`Option --server names two servers ${JSON.stringify(name)}`);
    servers.set(name, toServer(address));
  }
  return Object.fromEntries(servers);
}

function toServer(address: string): AsyncApiServer {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isBare = url !== undefined && `${url.username}${url.password}${url.search}${url.hash}` === "";
  if (!isBare || (url.protocol !== "ws:" && url.protocol !== "wss:")) {
    throw new UsageError(`Option --server is ${JSON.stringify(address)}: must be like wss://example.com`);
  }
  const pathname = url.pathname.replace(/\/+$/, "");
  return { host: url.host, protocol: url.protocol.slice(0, -1), ...(pathname !== "" && { pathname }) };
}
