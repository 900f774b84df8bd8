/**
 * What can be done by a contract, as AsyncAPI writes it.
 *
 * @module
 */

import type { ContractRules } from "../contract/rules.ts";
import type { AsyncApiOperation, Reference } from "./document.ts";
import { Keys } from "./keys.ts";
import type { Described, Messages, ReservedMessages } from "./messages.ts";

/**
 * Gives the operations of a contract by their keys, and adds their messages.
 *
 * @param channel The pointer to the channel
 * @throws {TypeError} If a schema has no JSON Schema
 */
export function toOperations(
  rules: ContractRules,
  channel: Reference,
  messages: Messages,
): Readonly<Record<string, AsyncApiOperation>> {
  const requests = [...rules.messages.values()].map((rule) => messages.addRequest(rule));
  const pushes = [...rules.pushes].map(([type, schema]) => messages.addPush(type, schema));
  const reserved = messages.addReserved(requests.some(({ isStream }) => isStream));
  const keys = new Keys();
  const operations = [
    ...requests.map((request) => toReceive(channel, request, reserved)),
    ...pushes.map((push) => toSend(channel, push)),
    ...toCancel(rules.reserved.cancel, channel, reserved),
  ];
  return Object.fromEntries(operations.map((operation) => [keys.take(operation["x-type"]), operation]));
}

function toReceive(channel: Reference, request: Described, reserved: ReservedMessages | undefined): AsyncApiOperation {
  const { type, message, payload, reply, isStream } = request;
  const comes = reply === undefined ? "" : isStream ? ", which is answered by a stream" : ", which is answered";
  const answers = reply === undefined ? [] : [reply.message];
  // A handler that returns nothing, and the end of a stream.
  if (reserved !== undefined && (isStream || reply === undefined)) answers.push(reserved.complete);
  if (reserved !== undefined) answers.push(reserved.error);
  return {
    action: "receive",
    channel,
    title: type,
    summary: payload.description ?? `Takes ${JSON.stringify(type)}${comes}`,
    messages: [message],
    ...(answers.length > 0 && { reply: { channel, messages: answers } }),
    "x-type": type,
    "x-payload": payload,
    ...(reply !== undefined && {
      "x-reply": reply.payload,
      "x-response-type": isStream ? "server-streaming" : "simple-rpc",
    }),
  };
}

function toSend(channel: Reference, { type, message, payload }: Described): AsyncApiOperation {
  return {
    action: "send",
    channel,
    title: type,
    summary: payload.description ?? `Sends ${JSON.stringify(type)} unasked`,
    messages: [message],
    "x-type": type,
    "x-payload": payload,
  };
}

function toCancel(type: string, channel: Reference, reserved: ReservedMessages | undefined): AsyncApiOperation[] {
  if (reserved?.cancel === undefined) return [];
  const { cancel, complete } = reserved;
  return [
    {
      action: "receive",
      channel,
      title: type,
      summary: "Takes the wish for no more items of a stream",
      messages: [cancel],
      reply: { channel, messages: [complete] },
      "x-type": type,
    },
  ];
}
