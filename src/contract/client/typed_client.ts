/**
 * A client that speaks by a contract.
 *
 * @module
 */

import type { ContractLine } from "../../client/contract_line.ts";
import { type Clock, systemClock } from "../../clock.ts";
import type { StandardSchema } from "../../standard_schema.ts";
import type { ContractDefinition } from "../definition.ts";
import type { ContractRules, MessageRule } from "../rules.ts";
import { Exchange } from "./exchange.ts";
import { type Fit, toFit } from "./fit.ts";
import { Items } from "./items.ts";
import { toPatience } from "./patience.ts";
import { SingleRequest } from "./single_request.ts";
import { Stream } from "./stream.ts";
import type { RequestOptions, StreamOptions, TypedMethods } from "./typed_methods.ts";

/** Adds the methods of a contract to a client, and reads it from now on. */
export function toTypedClient<Definition extends ContractDefinition>(
  rules: ContractRules,
  client: ContractLine,
  validation: boolean,
  clock: Clock = systemClock,
): TypedMethods<Definition> {
  const exchange = new Exchange(rules, client, clock);
  // Its first step takes the client's own way to read.
  void exchange.read();
  const members = { ...toMethods(rules, exchange, validation), ...REFUSALS };
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(client, name, { value, configurable: true, writable: true });
  }
  Object.defineProperty(client, Symbol.asyncIterator, { value: refuse, configurable: true, writable: true });
  Object.defineProperty(client, "droppedMessages", { get: () => exchange.dropped, configurable: true });
  // The methods follow from the rules as their types follow from the definition.
  return Object(client);
}

function toMethods(rules: ContractRules, exchange: Exchange, validation: boolean): object {
  const fitOf = (what: string, schema: StandardSchema | undefined): Fit => toFit(what, validation ? schema : undefined);
  return {
    request(type: string, message: unknown, options: RequestOptions = {}): Promise<unknown> {
      const { reply } = toRule(rules, type, message, "request");
      const fit = reply === undefined ? toNothing : fitOf(`reply to "${type}"`, reply);
      return new SingleRequest(exchange, type, message, fit, toPatience(options, false)).reply;
    },
    stream(type: string, message: unknown, options: StreamOptions = {}): AsyncIterableIterator<unknown, undefined> {
      const fit = fitOf(`item of "${type}"`, toRule(rules, type, message, "stream").reply);
      return new Stream(exchange, type, message, fit, toPatience(options, true)).items.iterator;
    },
    pushes(type: string): AsyncIterableIterator<unknown, undefined> {
      const schema = rules.pushes.get(type);
      if (schema === undefined) throw toUnknown("push", type, rules.pushes);
      const leave = (): void => exchange.unsubscribe(type, items);
      const items = new Items({ fit: fitOf(`push "${type}"`, schema), leave }, exchange.backlog, exchange.clock);
      exchange.subscribe(type, items);
      return items.iterator;
    },
    send(type: string, message: unknown): Promise<void> {
      toRule(rules, type, message, "send");
      return exchange.send(exchange.envelope.write(type, undefined, message));
    },
  };
}

/** What is given where the contract has no reply. */
async function toNothing(): Promise<undefined> {
  return undefined;
}

function toRule(rules: ContractRules, type: string, message: unknown, method: string): MessageRule {
  const rule = rules.messages.get(type);
  if (rule === undefined) throw toUnknown("message", type, rules.messages);
  const { dispatcherKey, dispatcherStreamId } = rules;
  for (const field of [dispatcherKey, dispatcherStreamId ?? dispatcherKey]) {
    if (typeof message !== "object" || message === null || !Object.hasOwn(message, field)) continue;
    throw new TypeError(`Cannot send a message with a field "${field}": that is the contract's own`);
  }
  if (method === "send") return rule;
  if (dispatcherStreamId === undefined) {
    throw new TypeError(
      `Cannot ${method} without option dispatcherStreamId of the contract: replies are not correlated`,
    );
  }
  if (rule.isStream !== (method === "stream")) {
    const other = rule.isStream ? "is a stream: use stream" : "is no stream: use request";
    throw new TypeError(`Cannot ${method} "${type}": it ${other}`);
  }
  return rule;
}

function toUnknown(what: string, type: unknown, known: ReadonlyMap<string, unknown>): TypeError {
  const types = [...known.keys()].map((name) => `"${name}"`).join(", ") || "none";
  return new TypeError(`The contract has no ${what} "${String(type)}", only ${types}`);
}

const REFUSALS = {
  readMessage: refuseLater,
  readTextMessage: refuseLater,
  readBinaryMessage: refuseLater,
} as const;

function refuse(): never {
  throw new TypeError("A client with a contract is read by request, stream and pushes");
}

async function refuseLater(): Promise<never> {
  return refuse();
}
