/**
 * The messages of a contract, as they travel.
 *
 * @module
 */

import type { ContractRules, MessageRule } from "../contract/rules.ts";
import type { StandardSchema } from "../standard_schema.ts";
import { Definitions } from "./definitions.ts";
import type { AsyncApiMessage, JsonSchema, Reference } from "./document.ts";
import { type ToJsonSchema, toJsonSchema } from "./json_schema.ts";
import { Keys } from "./keys.ts";
import { kindOf } from "./kind.ts";
import { Wire } from "./wire.ts";

/** A message that callers send, or a push. */
export interface Described {
  readonly type: string;
  /** Where it stands in the document. */
  readonly message: Reference;
  /** The payload alone. */
  readonly payload: JsonSchema;
  /** What comes back, where something does: where that stands, and alone. */
  readonly reply: { readonly message: Reference; readonly payload: JsonSchema } | undefined;
  readonly isStream: boolean;
}

/** The messages that have a meaning of their own. */
export interface ReservedMessages {
  readonly complete: Reference;
  readonly error: Reference;
  /** Absent where nothing can be cancelled. */
  readonly cancel: Reference | undefined;
}

const CODE: JsonSchema = {
  type: "string",
  description:
    "What went wrong: invalid_id, invalid_message, unknown_type, duplicate_id, too_many_streams, internal, or a word of the service",
};

const ISSUES: JsonSchema = {
  type: "array",
  description: "What is wrong with the message, and where",
  items: {
    type: "object",
    properties: {
      path: { type: "string", description: 'Keys joined by dots, "" for the message itself' },
      message: { type: "string" },
    },
    required: ["path", "message"],
  },
};

/** Writes the messages of one channel. */
export class Messages {
  /** What their schemas refer to. */
  readonly definitions: Definitions = new Definitions();
  readonly #rules: ContractRules;
  readonly #channel: string;
  readonly #convert: ToJsonSchema | undefined;
  readonly #wire: Wire;
  readonly #written: Map<string, AsyncApiMessage> = new Map();
  readonly #keys: Keys = new Keys();

  /** Takes the contract, and the pointer to the channel. */
  constructor(rules: ContractRules, channel: string, convert: ToJsonSchema | undefined) {
    this.#rules = rules;
    this.#channel = channel;
    this.#convert = convert;
    this.#wire = new Wire(this.definitions, { key: rules.dispatcherKey, idKey: rules.dispatcherStreamId });
  }

  /** All that were added, by their keys. */
  get all(): Readonly<Record<string, AsyncApiMessage>> {
    return Object.fromEntries(this.#written);
  }

  /**
   * Adds what callers send, and what comes back.
   *
   * @throws {TypeError} If a schema has no JSON Schema, or that of the message takes no object
   */
  addRequest({ type, message, reply, isStream }: MessageRule): Described {
    const payload = this.#describe(type, `messages.${type}.message`, message);
    if (kindOf(payload, this.definitions) === "value") {
      throw new TypeError(
        `Cannot describe messages.${type}.message: its schema takes no object, so no message can fit it`,
      );
    }
    const sent = this.#add(type, type, this.#wire.request(type, payload));
    const back = reply === undefined ? undefined : this.#describe(`${type}.reply`, `messages.${type}.reply`, reply);
    const answer = back ?? (isStream ? {} : undefined);
    return {
      type,
      message: sent,
      payload,
      reply: answer && { message: this.#addReply(type, isStream, answer), payload: answer },
      isStream,
    };
  }

  /**
   * Adds what the service sends unasked.
   *
   * @throws {TypeError} If the schema has no JSON Schema
   */
  addPush(type: string, schema: StandardSchema): Described {
    const payload = this.#describe(type, `pushes.${type}`, schema);
    // A push has no id.
    const wire = new Wire(this.definitions, { key: this.#rules.dispatcherKey, idKey: undefined });
    const message = this.#add(type, type, wire.reply(type, payload));
    return { type, message, payload, reply: undefined, isStream: false };
  }

  /** Adds the messages that have a meaning of their own; `undefined` where messages have no id, for then there are none. */
  addReserved(hasStreams: boolean): ReservedMessages | undefined {
    const { dispatcherStreamId: idKey, reserved } = this.#rules;
    if (idKey === undefined) return undefined;
    const { complete, error, cancel } = reserved;
    const fields = { code: CODE, message: { type: "string" }, issues: ISSUES };
    const summaries = {
      complete: "Ends a stream, and answers a request whose handler returned nothing",
      error: "Answers a request that failed; without an id if the request had none that is valid",
      cancel: "Asks for no more items of a stream",
    };
    return {
      complete: this.#add(complete, complete, this.#wire.plain(complete, {}, [idKey]), summaries.complete),
      error: this.#add(error, error, this.#wire.plain(error, fields, ["code", "message"]), summaries.error),
      cancel: hasStreams
        ? this.#add(cancel, cancel, this.#wire.plain(cancel, {}, [idKey]), summaries.cancel)
        : undefined,
    };
  }

  #describe(name: string, option: string, schema: StandardSchema): JsonSchema {
    return this.definitions.add(name, option, toJsonSchema(option, schema, this.#convert));
  }

  #addReply(type: string, isStream: boolean, payload: JsonSchema): Reference {
    const title = isStream ? `${type}: an item` : `${type}: the reply`;
    return this.#add(`${type}.reply`, type, this.#wire.reply(type, payload), undefined, title);
  }

  #add(name: string, type: string, payload: JsonSchema, summary?: string, title: string = type): Reference {
    const key = this.#keys.take(name);
    const message = { name: type, title, contentType: "application/json", payload } as const;
    this.#written.set(key, summary === undefined ? message : { ...message, summary });
    return { $ref: `${this.#channel}/messages/${key}` };
  }
}
