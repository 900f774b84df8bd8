/**
 * Contracts as AsyncAPI 3.0 documents.
 *
 * @module
 */

import type { ContractRules } from "../contract/rules.ts";
import { toAddress } from "./address.ts";
import type { AsyncApiChannel, AsyncApiDocument, AsyncApiServer } from "./document.ts";
import { toJsonSchema } from "./json_schema.ts";
import { Keys } from "./keys.ts";
import { Messages } from "./messages.ts";
import { toOperations } from "./operations.ts";
import { type AsyncApiOptions, checkAsyncApiOptions } from "./options.ts";
import { secure, toSecuritySchemes } from "./security.ts";

/** What is described: a contract. */
export interface DescribedContract {
  /** Its checked definition. */
  readonly rules: ContractRules;
}

/**
 * Describes a contract by an AsyncAPI 3.0 document: plain data, to be written with `JSON.stringify`.
 *
 * Its operations are those of the service, which receives what callers send. Names of handlers do not appear.
 *
 * @throws {TypeError} If an option is unknown or wrong, or a schema has no JSON Schema: naming the message and the option
 * @example
 * ```ts
 * import { toAsyncAPI } from "@switchboard/websocket/asyncapi";
 * import { contract } from "@switchboard/websocket/contract";
 * import { toJsonSchema } from "@valibot/to-json-schema";
 * import * as v from "valibot";
 *
 * const market = contract({
 *   dispatcherKey: "event",
 *   dispatcherStreamId: "id",
 *   messages: {
 *     subscribe: { message: v.object({ symbol: v.string() }), reply: v.object({ price: v.number() }), stream: true },
 *   },
 * });
 * const document = toAsyncAPI(market, { title: "Market", version: "1.0.0", path: "/market", toJsonSchema });
 * console.log(JSON.stringify(document, null, 2));
 * ```
 */
export function toAsyncAPI(contract: DescribedContract, options: AsyncApiOptions): AsyncApiDocument {
  checkContract(contract);
  checkAsyncApiOptions(options);
  const { rules } = contract;
  const { title, version, description } = options;
  const { address, parameters } = toAddress(options.path, options.params);
  const key = new Keys().take(address.replaceAll(/[{}]/g, "").replace(/^\/+|\/+$/g, "") || "root");
  const pointer = `#/channels/${key}`;
  const messages = new Messages(rules, pointer, options.toJsonSchema);
  const operations = toOperations(rules, { $ref: pointer }, messages);
  const channel: AsyncApiChannel = {
    address,
    title,
    ...(description !== undefined && { description }),
    messages: messages.all,
    ...(Object.keys(parameters).length > 0 && { parameters }),
    bindings: toBindings(messages, options),
  };
  const schemes = toSecuritySchemes(options.auth, options.credentials);
  const { dispatcherKey, dispatcherStreamId, reserved } = rules;
  const schemas = messages.definitions.all;
  return {
    asyncapi: "3.0.0",
    info: { title, version, ...(description !== undefined && { description }) },
    defaultContentType: "application/json",
    ...(options.servers !== undefined && { servers: secure(options.servers, schemes.keys()) }),
    channels: { [key]: channel },
    operations,
    components: {
      ...(schemas !== undefined && { schemas }),
      ...(schemes.size > 0 && { securitySchemes: Object.fromEntries(schemes) }),
    },
    "x-dispatcherKey": dispatcherKey,
    ...(dispatcherStreamId !== undefined && { "x-dispatcherStreamId": dispatcherStreamId }),
    "x-reserved": reserved,
  };
}

/** Gives a document other servers. */
export function withServers(
  document: AsyncApiDocument,
  servers: Readonly<Record<string, AsyncApiServer>>,
): AsyncApiDocument {
  const { asyncapi, info, defaultContentType, servers: _, ...rest } = document;
  const names = Object.keys(rest.components.securitySchemes ?? {});
  return { asyncapi, info, defaultContentType, servers: secure(servers, names), ...rest };
}

/**
 * Checks that something is a contract.
 *
 * @throws {TypeError} If it is none
 */
export function checkContract(value: unknown): void {
  if (!isContract(value)) throw new TypeError("Option contract must be a contract, as contract() makes it");
}

/** Tells whether something is a contract, perhaps of another copy of this module. */
export function isContract(value: unknown): value is DescribedContract {
  if (typeof value !== "object" || value === null || !("rules" in value)) return false;
  const { rules } = value;
  return typeof rules === "object" && rules !== null && "messages" in rules && rules.messages instanceof Map;
}

function toBindings(messages: Messages, options: AsyncApiOptions): AsyncApiChannel["bindings"] {
  const { query, headers } = options;
  const convert = (name: "query" | "headers", schema: NonNullable<typeof query>) =>
    messages.definitions.add(name, `option ${name}`, toJsonSchema(`option ${name}`, schema, options.toJsonSchema));
  return {
    ws: {
      method: "GET",
      ...(query !== undefined && { query: convert("query", query) }),
      ...(headers !== undefined && { headers: convert("headers", headers) }),
      bindingVersion: "0.1.0",
    },
  };
}
