/** The types of handlers: parameters from the path, services, answers. */
import { createServer } from "node:http";
import { type Context, Hono } from "hono";
import { hc } from "hono/client";
import { attach as attachTo } from "../../../entries/node.ts";
import {
  AuthnError,
  type Caller,
  closeFrame,
  Listener,
  type ParamsOf,
  type Reply,
  type Service,
  UpgradeError,
  upgrade,
} from "../../../mod.ts";
import type { Equal, Expect } from "./expect.ts";

export type Params = [
  Expect<Equal<ParamsOf<"/chat/:name">["name"], string>>,
  Expect<Equal<keyof ParamsOf<"/chat/:room/:name">, "room" | "name">>,
  Expect<Equal<ParamsOf<"/chat/:id{[0-9]+}">["id"], string>>,
  Expect<Equal<ParamsOf<"/chat/:name?">["name"], string | undefined>>,
  Expect<Equal<keyof ParamsOf<"/chat">, never>>,
];

// Hono's typed client knows the path as one of a WebSocket.
const routes = new Hono().get(
  "/live/:room",
  upgrade(() => ({})),
);
const live: WebSocket = hc<typeof routes>("http://localhost:9090").live[":room"].$ws({ param: { room: "news" } });
live.close();

const listener = new Listener(0);

listener.attach("/chat/:room/:name", ({ params, query, cookies, headers, url, remoteAddress, signal, raw }) => {
  const name: string = params.name;
  // @ts-expect-error The path has no such parameter.
  params.nobody;
  const values: [string | null, string | undefined, string | null, URL, string | undefined, AbortSignal, Request] = [
    query.get("q"),
    cookies.get("session"),
    headers.get("host"),
    url,
    remoteAddress,
    signal,
    raw,
  ];
  return { onOpen: () => `${name} ${values.length}` };
});
listener.attach("/options", () => ({}), { idleTimeout: 60, heartbeat: false });
listener.attach(
  "/service",
  upgrade({ subProtocols: ["a"] }, async () => ({})),
);
listener.attach("/refused", () => new UpgradeError("No", { status: 422, headers: { "x-a": "b" } }));
listener.attach("/nobody", () => new AuthnError("Who are you?"));
listener.attach("/response", () => new Response(null, { status: 302, headers: { location: "/" } }));
listener.attach("/either", Math.random() < 2 ? upgrade(() => ({})) : () => ({}));
// @ts-expect-error Options are checked.
listener.attach("/options", () => ({}), { idleTimeOut: 60 });
// @ts-expect-error A handler answers something.
listener.attach("/nothing", () => {});
// @ts-expect-error A string is no service.
listener.attach("/text", () => "text");

const app = new Hono<{ Variables: { user: string } }>();
app.get(
  "/chat/:name",
  upgrade<"/chat/:name">(({ params, context }) => ({ onOpen: () => `${params.name} ${String(context.get("user"))}` })),
);
app.get(
  "/typed",
  upgrade<string, Context<{ Variables: { user: string } }>>(({ context }) => {
    const user: string = context.get("user");
    return { onOpen: () => user };
  }),
);
export const served: Listener = new Listener(app, { port: 0 });
attachTo(createServer(), app);

export const replies: Reply[] = [
  undefined,
  "text",
  new Uint8Array(1),
  new ArrayBuffer(1),
  closeFrame(4000),
  { a: [1, null, "b", { c: true }] },
  [1, 2],
  null,
  12,
  (async function* () {
    yield "a";
    yield { b: 1 };
    yield closeFrame(1000);
  })(),
  new Error("fault"),
];
interface Quote {
  symbol: string;
  at: Date;
  more?: Quote[];
}
declare const quote: Quote;
export const objects: Reply[] = [quote, [quote], { quote }, new Date(), new URL("ws://localhost")];
export async function* quotes(): AsyncGenerator<Quote> {
  yield quote;
}
export const streamed: Service = { onOpen: () => quotes(), onTextMessage: async () => quote };
// @ts-expect-error A map has no JSON form.
export const map: Reply = new Map<string, string>();
// @ts-expect-error Nor has a generator that is not async.
export const generator: Reply = (function* () {
  yield 1;
})();
// @ts-expect-error Nor has a set, which is what `set.add` returns.
export const adding: Service = { onOpen: (caller) => new Set<Caller>().add(caller) };
// @ts-expect-error A set has no JSON form.
export const set: Reply = new Set<string>();
// @ts-expect-error Nor has a function.
export const nothing: Reply = () => {};

export class Typed implements Service {
  onOpen(caller: Caller): Reply {
    return caller.connectionId;
  }
  async onTextMessage(caller: Caller, text: string): Promise<Reply> {
    await caller.writeTextMessage(text);
    return { text };
  }
  onBinaryMessage(_caller: Caller, data: Uint8Array): Reply {
    return data;
  }
  onMessage(_caller: Caller, data: unknown): Reply {
    return typeof data === "string" ? data : undefined;
  }
  onClose(_caller: Caller, statusCode: number, reason: string): void {
    console.log(statusCode.toFixed(), reason);
  }
}

// @ts-expect-error A text message is text.
export const wrong: Service = { onTextMessage: (_caller, text: number) => text };
