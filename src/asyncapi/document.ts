/**
 * An AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0), as far as contracts need it.
 *
 * @module
 */

/** A JSON Schema, draft 7. Every `$ref` in a document is `#/components/schemas/NAME`. */
export interface JsonSchema {
  /** A schema of the document, in place of all else. */
  readonly $ref?: string;
  /** A name for it. */
  readonly title?: string;
  /** What it means. */
  readonly description?: string;
  /** `"string"`, `"number"`, `"integer"`, `"boolean"`, `"object"`, `"array"` or `"null"`, or several of them. */
  readonly type?: string | readonly string[];
  /** The one value. */
  readonly const?: unknown;
  /** The values, one of which it is. */
  readonly enum?: readonly unknown[];
  /** What stands for it where it is left out. */
  readonly default?: unknown;
  /** The fields of an object. */
  readonly properties?: Readonly<Record<string, JsonSchema | boolean>>;
  /** Those that must be there. */
  readonly required?: readonly string[];
  /** What other fields hold; `false` if there may be none. */
  readonly additionalProperties?: JsonSchema | boolean;
  /** What an array holds: each item, or the first, the second and so on. */
  readonly items?: JsonSchema | boolean | readonly (JsonSchema | boolean)[];
  /** At least one fits. */
  readonly anyOf?: readonly (JsonSchema | boolean)[];
  /** Exactly one fits. */
  readonly oneOf?: readonly (JsonSchema | boolean)[];
  /** All fit. */
  readonly allOf?: readonly (JsonSchema | boolean)[];
  /** Any other keyword: `minimum`, `pattern`, `format`. */
  readonly [keyword: string]: unknown;
}

/** A pointer to another part of the document. */
export interface Reference {
  /** Such as `#/channels/market/messages/subscribe`. */
  readonly $ref: string;
}

/** A server that the service can be reached at, as AsyncAPI writes it. */
export interface AsyncApiServer {
  /** The host, and the port if it is not that of the protocol: `example.com:8080`. */
  readonly host: string;
  /** `ws`, or with TLS `wss`. */
  readonly protocol: string;
  /** What stands before the path of the service. @default nothing */
  readonly pathname?: string;
  /** A name for it. */
  readonly title?: string;
  /** What it is for. */
  readonly description?: string;
  /** Ways to prove who one is, one of which is needed. @default those of option `auth` */
  readonly security?: readonly (Reference | SecurityScheme)[];
  /** What else AsyncAPI knows of a server, such as `tags`. */
  readonly [name: string]: unknown;
}

/** A parameter of the path, as AsyncAPI writes it: its value is a string. */
export interface AsyncApiParameter {
  /** What it means. */
  readonly description?: string;
  /** The values, one of which it is. */
  readonly enum?: readonly string[];
  /** What stands for it where it is left out. */
  readonly default?: string;
  /** Some values. */
  readonly examples?: readonly string[];
}

/** A way to prove who one is. */
export interface SecurityScheme {
  /** `http` for the header `Authorization`, `httpApiKey` for a cookie or the query. */
  readonly type: string;
  /** `basic` or `bearer`, where the type is `http`. */
  readonly scheme?: string;
  /** The name of the cookie or of the parameter of the query. */
  readonly name?: string;
  /** `cookie` or `query`. */
  readonly in?: string;
  /** How to come by what it asks for. */
  readonly description?: string;
}

/** A message on the wire. */
export interface AsyncApiMessage {
  /** Its type: the value of the field that `x-dispatcherKey` names. */
  readonly name: string;
  /** Its type and part, for readers: `subscribe: an item`. */
  readonly title: string;
  /** What it says, in a sentence. */
  readonly summary?: string;
  /** How it is written. */
  readonly contentType: "application/json";
  /** The whole message, with the fields of type and id. */
  readonly payload: JsonSchema;
}

/** Where the service is: one WebSocket. */
export interface AsyncApiChannel {
  /** The path, with its parameters in braces: `/chat/{room}`. */
  readonly address: string;
  /** The title of the service. */
  readonly title: string;
  /** What the service does. */
  readonly description?: string;
  /** By keys that need no escaping in a pointer; the type is the `name`. */
  readonly messages: Readonly<Record<string, AsyncApiMessage>>;
  /** The parameters of the path. */
  readonly parameters?: Readonly<Record<string, AsyncApiParameter>>;
  /** The handshake. */
  readonly bindings: {
    readonly ws: {
      readonly method: "GET";
      readonly query?: JsonSchema;
      readonly headers?: JsonSchema;
      readonly bindingVersion: "0.1.0";
    };
  };
}

/** How a request is answered: once, or by a stream of items. */
export type ResponseType = "simple-rpc" | "server-streaming";

/** What can be done: a message that the service receives, or a push that it sends. */
export interface AsyncApiOperation {
  /** `receive` for what callers send, `send` for pushes. */
  readonly action: "receive" | "send";
  /** Where: the one channel. */
  readonly channel: Reference;
  /** The type, for readers. */
  readonly title: string;
  /** What it does, in a sentence. */
  readonly summary: string;
  /** The message. */
  readonly messages: readonly [Reference];
  /** What may come back: the reply or the items, and `complete` and `error`. */
  readonly reply?: { readonly channel: Reference; readonly messages: readonly Reference[] };
  /** The type of the message: the value of the field that `x-dispatcherKey` names. */
  readonly "x-type": string;
  /** The payload alone, without the fields of type and id. Absent for `cancel`. */
  readonly "x-payload"?: JsonSchema;
  /** The reply, or an item of the stream, alone. Absent where nothing comes but `complete`. */
  readonly "x-reply"?: JsonSchema;
  /** Present where a reply or items come back. */
  readonly "x-response-type"?: ResponseType;
}

/** What `toAsyncAPI` gives: plain data, to be written with `JSON.stringify`. */
export interface AsyncApiDocument {
  /** The version of AsyncAPI. */
  readonly asyncapi: "3.0.0";
  /** What the service is, and the version of its contract. */
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  /** How messages are written. */
  readonly defaultContentType: "application/json";
  /** Where it can be reached. */
  readonly servers?: Readonly<Record<string, AsyncApiServer>>;
  /** The one channel, by its key. */
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
  /** By keys that need no escaping in a pointer; the type is `x-type`. */
  readonly operations: Readonly<Record<string, AsyncApiOperation>>;
  /** What is referred to. */
  readonly components: {
    /** What the schemas refer to. */
    readonly schemas?: Readonly<Record<string, JsonSchema>>;
    /** The ways to prove who one is. */
    readonly securitySchemes?: Readonly<Record<string, SecurityScheme>>;
  };
  /** The field that names the type of a message. */
  readonly "x-dispatcherKey": string;
  /** The field that correlates a reply with its request. */
  readonly "x-dispatcherStreamId"?: string;
  /** The types that have a meaning of their own. */
  readonly "x-reserved": { readonly complete: string; readonly error: string; readonly cancel: string };
}
