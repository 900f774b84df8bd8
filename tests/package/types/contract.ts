/** C10: what follows from a contract: the types of handlers, of their replies, of pushes. */
import {
  array,
  looseObject,
  number,
  object,
  optional,
  pipe,
  record,
  string,
  toNumber,
  transform,
  unknown,
} from "valibot";
import {
  type CallerOf,
  contract,
  type HandlerName,
  type MessageInputOf,
  type MessageOf,
  type PushOf,
  type ReplyOf,
  type RequestContext,
  RequestError,
  type TypesOf,
} from "../../../entries/contract.ts";
import { type Caller, closeFrame, type Service, upgrade } from "../../../mod.ts";
import type { Equal, Expect } from "./expect.ts";

const market = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    subscribe: { message: object({ symbol: string() }), reply: object({ price: number() }), stream: true },
    un_subscribe: { message: object({ symbol: string() }), reply: object({ ok: pipe(string(), toNumber()) }) },
    "history/day": { message: object({ limit: optional(pipe(string(), toNumber()), "10") }), reply: array(number()) },
    "größe!": { message: object({}), handler: "onSize" },
    heartbeat: { message: object({}) },
  },
  pushes: {
    alert: object({ text: string() }),
    sizes: pipe(
      string(),
      transform((text) => text.length),
    ),
  },
});

type Market = typeof market;

type _names = [
  Expect<Equal<TypesOf<Market>, "subscribe" | "un_subscribe" | "history/day" | "größe!" | "heartbeat">>,
  Expect<Equal<HandlerName<"un_subscribe">, "onUnSubscribe">>,
  Expect<Equal<HandlerName<"history/day">, "onHistoryDay">>,
  Expect<Equal<HandlerName<"a b-c.d:e_fG">, "onABCDEFG">>,
];

type _messages = [
  // What the schema gives, and what it takes.
  Expect<Equal<MessageOf<Market, "history/day">, { limit: number }>>,
  Expect<Equal<MessageInputOf<Market, "history/day">, { limit?: string | undefined }>>,
  // What goes on the wire is what the caller's schema takes.
  Expect<Equal<ReplyOf<Market, "un_subscribe">, { ok: string }>>,
  Expect<Equal<ReplyOf<Market, "heartbeat">, undefined>>,
  Expect<Equal<PushOf<Market, "sizes">, string>>,
];

const rest = {
  onHistoryDay: () => [1, 2],
  onSize() {},
  onHeartbeat() {},
};

const service: Service = market.service({
  async *onSubscribe(caller, { symbol }, context) {
    type _inferred = [
      Expect<Equal<typeof symbol, string>>,
      Expect<Equal<typeof context, RequestContext>>,
      Expect<Equal<typeof context.id, string | number | undefined>>,
    ];
    const sent: Promise<void> = caller.send("alert", { text: symbol }, { compress: false });
    await sent;
    if (context.signal.aborted) return;
    yield { price: 1 };
    yield closeFrame(4000);
    yield new RequestError("No such symbol", { code: "unknown_symbol" });
  },
  onUnSubscribe: async (_caller, { symbol }) => (symbol === "" ? new RequestError("No symbol") : { ok: "1" }),
  onHistoryDay(_caller, { limit }) {
    type _inferred = Expect<Equal<typeof limit, number>>;
    return [limit];
  },
  onSize: () => undefined,
  async onHeartbeat() {},
  onUnSubscribeError(caller, error) {
    const message: string = error.message;
    void caller.send("alert", { text: message });
    return closeFrame(4400, message);
  },
  onOpen: (caller) => `Welcome ${caller.connectionId}`,
  onMessage(_caller, data) {
    type _unknown = Expect<Equal<typeof data, unknown>>;
  },
  onClose(_caller, _code, _reason) {},
  onError: (_caller, error) => error.message,
});

upgrade({ validation: false }, () => service);

// A class says what it takes with MessageOf and CallerOf; its fields belong to the connection.
class Trader {
  count = 0;
  async *onSubscribe(caller: CallerOf<Market>, { symbol }: MessageOf<Market, "subscribe">, { signal }: RequestContext) {
    await caller.send("alert", { text: symbol });
    while (!signal.aborted) yield { price: this.count++ };
  }
  onUnSubscribe(_caller: Caller, _message: MessageOf<Market, "un_subscribe">): { ok: string } {
    return { ok: "1" };
  }
  onHistoryDay(): number[] {
    return [];
  }
  onSize(): void {}
  onHeartbeat(): void {}
}
market.service(new Trader());
upgrade(() => market.service(new Trader()));

// With an onMessage the others may be left out.
market.service({
  onUnSubscribe: (_caller, { symbol }) => ({ ok: symbol }),
  onMessage(_caller, _data) {},
});

// @ts-expect-error Handlers are missing.
market.service({ ...rest, onUnSubscribe: () => ({ ok: "1" }) });

// @ts-expect-error onTextMessage does not make up for them.
market.service({ ...rest, onUnSubscribe: () => ({ ok: "1" }), onTextMessage() {} });

market.service({
  ...rest,
  onUnSubscribe: () => ({ ok: "1" }),
  async *onSubscribe() {
    yield { price: 1 };
  },
  // @ts-expect-error There is no such handler.
  onSubscrib() {},
});

market.service({
  ...rest,
  // @ts-expect-error A reply of another type.
  onUnSubscribe: () => ({ ok: true }),
  async *onSubscribe() {
    yield { price: 1 };
  },
});

market.service({
  ...rest,
  onUnSubscribe: () => ({ ok: "1" }),
  // @ts-expect-error An item of another type.
  async *onSubscribe() {
    yield { price: "1" };
  },
});

market.service({
  ...rest,
  onUnSubscribe: () => ({ ok: "1" }),
  // @ts-expect-error A stream is wanted, and not one value.
  onSubscribe: () => ({ price: 1 }),
});

market.service({
  ...rest,
  onUnSubscribe: () => ({ ok: "1" }),
  async *onSubscribe() {
    yield { price: 1 };
  },
  // @ts-expect-error A message without a reply has none.
  onHeartbeat: () => ({ ok: "1" }),
});

market.service({
  onMessage() {},
  onOpen(caller) {
    // @ts-expect-error There is no such push.
    void caller.send("alart", { text: "" });
    // @ts-expect-error A push of another type.
    void caller.send("alert", { text: 5 });
    // @ts-expect-error What the schema takes is a string.
    void caller.send("sizes", 5);
    // @ts-expect-error A message of callers is no push.
    void caller.send("heartbeat", {});
  },
  onHistoryDay(_caller, message) {
    // @ts-expect-error The message has no such field.
    message.symbol;
    return [];
  },
});

const silent = contract({ dispatcherKey: "type", messages: { ping_all: { message: object({}) } } });
silent.service({
  onPingAll(caller) {
    // @ts-expect-error The contract has no pushes.
    void caller.send("alert", {});
  },
});

// @ts-expect-error A contract needs messages.
contract({ dispatcherKey: "type" });

// @ts-expect-error A message needs a schema.
contract({ dispatcherKey: "type", messages: { a: {} } });

// @ts-expect-error A schema follows the standard.
contract({ dispatcherKey: "type", messages: { a: { message: { parse: () => ({}) } } } });

// @ts-expect-error The name of a handler begins with on.
contract({ dispatcherKey: "type", messages: { a: { message: object({}), handler: "handleA" } } });

// A field that is the protocol's own would be taken for it, or be lost.
// @ts-expect-error a payload of "toggle" has a field id
contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: { toggle: { message: object({ id: number() }) } },
});
// @ts-expect-error a payload of "toggle" has a field event
contract({
  dispatcherKey: "event",
  messages: { toggle: { message: object({ event: string() }) } },
});
// @ts-expect-error a reply of "list" has a field id
contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: { list: { message: object({}), reply: object({ id: string() }) } },
});
// @ts-expect-error push "added" has a field id
contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: { list: { message: object({}) } },
  pushes: { added: object({ id: string() }) },
});
// A reply may name a type of its own, lists may hold what they like, and so may records whose fields nobody knows.
contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    list: { message: record(string(), string()), reply: array(object({ id: string() })) },
    any: { message: looseObject({ name: string() }), reply: object({ event: string() }) },
    one: { message: unknown(), reply: string() },
  },
  pushes: { all: array(object({ id: number() })) },
});
