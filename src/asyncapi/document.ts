/**
 * An AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0), as far as contracts need it.
 *
 * @module
 */

/** A JSON Schema, draft 7. Every `$ref` in a document is `#/components/schemas/NAME`. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema | boolean>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean | readonly (JsonSchema | boolean)[];
  readonly anyOf?: readonly (JsonSchema | boolean)[];
  readonly oneOf?: readonly (JsonSchema | boolean)[];
  readonly allOf?: readonly (JsonSchema | boolean)[];
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
  readonly title?: string;
  readonly description?: string;
  /** Ways to prove who one is, one of which is needed. @default those of option `auth` */
  readonly security?: readonly (Reference | SecurityScheme)[];
  readonly [name: string]: unknown;
}

/** A parameter of the path, as AsyncAPI writes it: its value is a string. */
export interface AsyncApiParameter {
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: string;
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
  readonly description?: string;
}

/** A message on the wire. */
export interface AsyncApiMessage {
  /** Its type: the value of the field that `x-dispatcherKey` names. */
  readonly name: string;
  readonly title: string;
  readonly summary?: string;
  readonly contentType: "application/json";
  /** The whole message, with the fields of type and id. */
  readonly payload: JsonSchema;
}

/** Where the service is: one WebSocket. */
export interface AsyncApiChannel {
  /** The path, with its parameters in braces: `/chat/{room}`. */
  readonly address: string;
  readonly title: string;
  readonly description?: string;
  /** By keys that need no escaping in a pointer; the type is the `name`. */
  readonly messages: Readonly<Record<string, AsyncApiMessage>>;
  readonly parameters?: Readonly<Record<string, AsyncApiParameter>>;
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
  readonly channel: Reference;
  readonly title: string;
  readonly summary: string;
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
  readonly asyncapi: "3.0.0";
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly defaultContentType: "application/json";
  readonly servers?: Readonly<Record<string, AsyncApiServer>>;
  /** The one channel, by its key. */
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
  /** By keys that need no escaping in a pointer; the type is `x-type`. */
  readonly operations: Readonly<Record<string, AsyncApiOperation>>;
  readonly components: {
    /** What the schemas refer to. */
    readonly schemas?: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes?: Readonly<Record<string, SecurityScheme>>;
  };
  /** The field that names the type of a message. */
  readonly "x-dispatcherKey": string;
  /** The field that correlates a reply with its request. */
  readonly "x-dispatcherStreamId"?: string;
  /** The types that have a meaning of their own. */
  readonly "x-reserved": { readonly complete: string; readonly error: string; readonly cancel: string };
}
