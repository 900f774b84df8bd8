/** Contracts to be described: one in three libraries, and one in which everything is unusual. */
import { toJsonSchema } from "@valibot/to-json-schema";
import { scope, type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { type AsyncApiDocument, type AsyncApiOptions, toAsyncAPI } from "../../entries/asyncapi.ts";
import { contract } from "../../entries/contract.ts";
import type { StandardSchema } from "../../src/standard_schema.ts";

const names = { dispatcherKey: "event", dispatcherStreamId: "id" } as const;
const base: AsyncApiOptions = { title: "Market", version: "1.2.0", path: "/market/:board", toJsonSchema };

interface Schemas {
  readonly order: StandardSchema;
  readonly price: StandardSchema;
  readonly ok: StandardSchema;
  readonly nothing: StandardSchema;
  readonly alert: StandardSchema;
}

const libraries: Readonly<Record<string, Schemas>> = {
  valibot: {
    order: v.object({ symbol: v.pipe(v.string(), v.minLength(1)), depth: v.optional(v.number()) }),
    price: v.object({ price: v.number() }),
    ok: v.object({ ok: v.boolean() }),
    nothing: v.object({}),
    alert: v.object({ text: v.string() }),
  },
  zod: {
    order: z.object({ symbol: z.string().min(1), depth: z.number().optional() }),
    price: z.object({ price: z.number() }),
    ok: z.object({ ok: z.boolean() }),
    nothing: z.object({}),
    alert: z.object({ text: z.string() }),
  },
  arktype: {
    order: type({ symbol: "string >= 1", "depth?": "number" }),
    price: type({ price: "number" }),
    ok: type({ ok: "boolean" }),
    nothing: type({}),
    alert: type({ text: "string" }),
  },
};

/** One document, from the schemas of each library. */
export const documents: ReadonlyMap<string, AsyncApiDocument> = new Map(
  Object.entries(libraries).map(([name, { order, price, ok, nothing, alert }]) => {
    const market = contract({
      ...names,
      messages: {
        subscribe: { message: order, reply: price, stream: true },
        un_subscribe: { message: order, reply: ok, handler: "onLeave" },
        heartbeat: { message: nothing },
      },
      pushes: { alert },
    });
    return [name, toAsyncAPI(market, base)];
  }),
);

const Tree = z.object({
  value: z.string(),
  get children() {
    return z.array(Tree);
  },
});
const User = z.object({ name: z.string() }).meta({ id: "User" });
const { list } = scope({ list: { head: "string", "tail?": "list" } }).export();
interface Chain {
  next: Chain | null;
}
const chain: v.GenericSchema<Chain> = v.object({ next: v.nullable(v.lazy(() => chain)) });

/** Schemas that refer to themselves, types that need escaping, reserved types of other names, replies that are no objects. */
export const unusual: AsyncApiDocument = toAsyncAPI(
  contract({
    dispatcherKey: "$type",
    dispatcherStreamId: "a/b~c",
    reserved: { complete: "done~", error: "e%20", cancel: "#/stop" },
    messages: {
      "a/b": { message: Tree, reply: z.array(Tree) },
      a_b: { message: list, reply: list, handler: "onList" },
      "größe~1": { message: chain, reply: chain, handler: "onChain" },
      "</script>": {
        message: z.union([z.strictObject({ a: User }), z.strictObject({ b: z.string() })]),
        reply: z.union([z.number(), z.strictObject({ user: User })]),
        stream: true,
        handler: "onScript",
      },
      record: { message: z.record(z.string(), z.number()), reply: z.unknown() },
      free: { message: v.strictObject({}), stream: true },
      own: {
        message: type({ "+": "reject", n: "number" }),
        reply: v.variant("$type", [
          v.object({ $type: v.literal("yes") }),
          v.object({ $type: v.literal("no"), why: v.string() }),
        ]),
      },
    },
    pushes: { "a/b": z.string(), "": z.object({ $type: z.string().optional() }) },
  }),
  {
    ...base,
    title: 'Everything "unusual"',
    description: "What may go wrong",
    path: "/a/:room{[a-z]+}/:n?/*",
    params: { room: { description: "Which", enum: ["a", "b"] } },
    query: z.object({ since: z.string().optional() }),
    headers: v.object({ "x-user": v.string() }),
    servers: { own: { host: "example.com:8080", protocol: "wss", pathname: "/api" } },
    auth: [{ scheme: "Basic" }, { scheme: "Bearer" }],
    credentials: ["header", { query: "token" }, { cookie: "session" }, { subProtocol: "bearer" }],
  },
);

/** A contract whose messages have no ids. */
export const withoutIds: AsyncApiDocument = toAsyncAPI(
  contract({
    dispatcherKey: "type",
    messages: {
      say: { message: z.object({ text: z.string() }), reply: z.null() },
      count: { message: z.object({}), stream: true },
    },
  }),
  { ...base, path: "/" },
);

/** A contract of pushes alone. */
export const pushesOnly: AsyncApiDocument = toAsyncAPI(
  contract({ dispatcherKey: "type", messages: {}, pushes: { price: z.object({ price: z.number() }) } }),
  { ...base, path: "/" },
);
