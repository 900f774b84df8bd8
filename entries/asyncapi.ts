/**
 * AsyncAPI 3.0 documents of contracts, for those who write clients in other languages and for their tools.
 *
 * @example
 * ```ts
 * import { toAsyncAPI } from "@switchboard/websocket/asyncapi";
 * import { contract } from "@switchboard/websocket/contract";
 * import { z } from "zod";
 *
 * const chat = contract({ dispatcherKey: "event", messages: { say: { message: z.object({ text: z.string() }) } } });
 * const document = toAsyncAPI(chat, { title: "Chat", version: "1.0.0", path: "/chat/:room" });
 * console.log(Object.values(document.channels).map(({ address }) => address)); // [ "/chat/{room}" ]
 * ```
 *
 * @module
 */

export { type DescribedContract, toAsyncAPI } from "../src/asyncapi/async_api.ts";
export type {
  AsyncApiChannel,
  AsyncApiDocument,
  AsyncApiMessage,
  AsyncApiOperation,
  AsyncApiParameter,
  AsyncApiServer,
  JsonSchema,
  Reference,
  ResponseType,
  SecurityScheme,
} from "../src/asyncapi/document.ts";
export type { JsonSchemaOptions, ToJsonSchema } from "../src/asyncapi/json_schema.ts";
export type { AsyncApiOptions } from "../src/asyncapi/options.ts";
