/**
 * A definition, once it is checked: what messages there are, and who handles them.
 *
 * @module
 */

import { CALLBACKS } from "../callback_names.ts";
import { checkBoolean, checkNames } from "../options.ts";
import { checkSchema, type StandardSchema } from "../standard_schema.ts";
import type { ContractDefinition, MessageDefinition, ReservedTypes } from "./definition.ts";
import { isDevelopment } from "./environment.ts";
import { isHandlerName, toHandlerName } from "./names.ts";

/** One type of message, checked. */
export interface MessageRule {
  readonly type: string;
  /** The name of the handler. */
  readonly handler: string;
  /** The name of the handler of messages that do not fit. */
  readonly errorHandler: string;
  readonly message: StandardSchema;
  readonly reply: StandardSchema | undefined;
  readonly isStream: boolean;
}

/** A checked {@link ContractDefinition}. Types come from the network, so they live in maps. */
export interface ContractRules {
  readonly dispatcherKey: string;
  readonly dispatcherStreamId: string | undefined;
  readonly messages: ReadonlyMap<string, MessageRule>;
  readonly pushes: ReadonlyMap<string, StandardSchema>;
  readonly reserved: Readonly<Required<ReservedTypes>>;
  readonly validateReplies: boolean;
}

const OPTIONS: ReadonlySet<string> = new Set<keyof ContractDefinition>([
  "dispatcherKey",
  "dispatcherStreamId",
  "messages",
  "pushes",
  "reserved",
  "validateReplies",
]);

// The fields of errors, and of replies that are no objects.
const TAKEN: ReadonlySet<string> = new Set(["code", "message", "issues", "data"]);

const MESSAGE_OPTIONS: ReadonlySet<string> = new Set<keyof MessageDefinition>([
  "message",
  "reply",
  "stream",
  "handler",
]);

/**
 * Checks a definition.
 *
 * @throws {TypeError} Naming what is wrong
 */
export function toContractRules(definition: ContractDefinition): ContractRules {
  checkNames("ContractDefinition", definition, OPTIONS);
  const dispatcherKey = checkField("dispatcherKey", definition.dispatcherKey);
  const dispatcherStreamId =
    definition.dispatcherStreamId === undefined
      ? undefined
      : checkField("dispatcherStreamId", definition.dispatcherStreamId);
  if (dispatcherStreamId === dispatcherKey) {
    throw new TypeError(`Options dispatcherKey and dispatcherStreamId are both ${JSON.stringify(dispatcherKey)}`);
  }
  const reserved = toReserved(definition.reserved ?? {});
  const messages = new Map<string, MessageRule>();
  for (const [type, message] of toEntries<MessageDefinition>("messages", definition.messages, reserved)) {
    messages.set(type, toMessageRule(type, message));
  }
  checkHandlers([...messages.values()]);
  const pushes = new Map<string, StandardSchema>();
  for (const [type, schema] of toEntries<StandardSchema>("pushes", definition.pushes ?? {}, reserved)) {
    checkGiven(`pushes.${type}`, schema);
    pushes.set(type, schema);
  }
  if (messages.size + pushes.size === 0) {
    throw new TypeError("Options messages and pushes are empty: a contract needs a type");
  }
  const validateReplies = checkBoolean("validateReplies", definition.validateReplies ?? isDevelopment());
  return { dispatcherKey, dispatcherStreamId, messages, pushes, reserved, validateReplies };
}

function toMessageRule(type: string, definition: MessageDefinition): MessageRule {
  const option = `messages.${type}`;
  if (typeof definition !== "object" || definition === null) {
    throw new TypeError(`Option ${option} must be an object: { message: schema }`);
  }
  if ("~standard" in definition) throw new TypeError(`Option ${option} is a schema: must be { message: schema }`);
  checkNames(option, definition, MESSAGE_OPTIONS);
  checkGiven(`${option}.message`, definition.message);
  checkSchema(`${option}.reply`, definition.reply);
  const { handler } = definition;
  if (handler !== undefined && !isHandlerName(handler)) {
    throw new TypeError(`Option ${option}.handler is ${JSON.stringify(handler)}: must be a name that begins with "on"`);
  }
  const name = handler ?? toHandlerName(type);
  return {
    type,
    handler: name,
    errorHandler: `${name}Error`,
    message: definition.message,
    reply: definition.reply,
    isStream: checkBoolean(`${option}.stream`, definition.stream ?? false),
  };
}

// No two messages may reach one function, and none a callback of the connection.
function checkHandlers(rules: readonly MessageRule[]): void {
  const taken = new Map<string, string>([...CALLBACKS].map((name) => [name, "a callback of the connection"]));
  for (const { type, handler } of rules) take(taken, handler, `message type ${JSON.stringify(type)}`);
  for (const { type, errorHandler } of rules) take(taken, errorHandler, `the errors of ${JSON.stringify(type)}`);
}

function take(taken: Map<string, string>, name: string, what: string): void {
  const other = taken.get(name);
  if (other !== undefined) {
    throw new TypeError(`${name} would be the handler of ${other} and of ${what}: say another with handler: "onX"`);
  }
  taken.set(name, what);
}

function toReserved(given: ReservedTypes): Required<ReservedTypes> {
  checkNames("reserved", given, new Set<keyof ReservedTypes>(["complete", "error", "cancel"]));
  const { complete = "complete", error = "error", cancel = "cancel" } = given;
  const reserved = { complete, error, cancel };
  for (const [name, type] of Object.entries(reserved)) checkName(`reserved.${name}`, type);
  if (new Set(Object.values(reserved)).size < 3) throw new TypeError("Option reserved names two of its types alike");
  return reserved;
}

function toEntries<Value>(
  option: string,
  record: Readonly<Record<string, Value>>,
  reserved: Required<ReservedTypes>,
): [string, Value][] {
  if (typeof record !== "object" || record === null || Symbol.iterator in record) {
    throw new TypeError(`Option ${option} must be an object, by type`);
  }
  const entries = Object.entries(record);
  for (const [type] of entries) {
    if (type !== reserved.complete && type !== reserved.error && type !== reserved.cancel) continue;
    throw new TypeError(
      `Option ${option} has the reserved type ${JSON.stringify(type)}: rename that in option reserved`,
    );
  }
  return entries;
}

function checkGiven(option: string, schema: unknown): void {
  if (schema === undefined) throw new TypeError(`Option ${option} is missing: must be a Standard Schema`);
  checkSchema(option, schema);
}

function checkField(option: string, name: unknown): string {
  checkName(option, name);
  if (TAKEN.has(name)) throw new TypeError(`Option ${option} is ${JSON.stringify(name)}: a field that answers have`);
  return name;
}

function checkName(option: string, name: unknown): asserts name is string {
  if (typeof name !== "string" || name === "" || name === "__proto__") {
    throw new TypeError(`Option ${option} must be a name, not ${JSON.stringify(name)}`);
  }
}
