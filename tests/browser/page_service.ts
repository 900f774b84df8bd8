/** A document, a service that speaks as it says, and the page of both: what a listener serves, without the listener. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";
import { toPage } from "../../page/mod.ts";
import type { AsyncApiDocument, AsyncApiOperation, JsonSchema } from "../../src/asyncapi/document.ts";

const symbol: JsonSchema = {
  type: "string",
  minLength: 1,
  maxLength: 8,
  description: "Ticker, such as ACME",
  examples: ["ACME"],
};
const price: JsonSchema = { type: "number", minimum: 0, description: "In the currency of the exchange" };

const order: JsonSchema = {
  type: "object",
  description: "Places an order, which is answered once it has been taken or refused.",
  properties: {
    symbol: { $ref: "#/components/schemas/Symbol" },
    side: { enum: ["buy", "sell"], description: "Which way" },
    amount: { type: "integer", minimum: 1, maximum: 10000, description: "Shares" },
    limit: { anyOf: [price, { type: "null" }], description: "The worst price, or null for any" },
    dry_run: { type: "boolean", default: false, description: "Check it, and do nothing" },
    tags: { type: "array", items: { type: "string", maxLength: 12 }, maxItems: 4 },
    note: { type: "string", maxLength: 200 },
    settle: {
      anyOf: [
        {
          type: "object",
          title: "Cash",
          properties: { kind: { const: "cash" }, account: { type: "string" } },
          required: ["kind", "account"],
        },
        {
          type: "object",
          properties: { kind: { const: "margin" }, ratio: { type: "number", exclusiveMinimum: 0 } },
          required: ["kind", "ratio"],
        },
      ],
      description: "How it is paid",
    },
    legs: {
      type: "array",
      items: {
        type: "object",
        properties: { symbol: { $ref: "#/components/schemas/Symbol" }, weight: { type: "number" } },
        required: ["symbol", "weight"],
      },
    },
    parent: { $ref: "#/components/schemas/Parent" },
    extra: { type: "object", additionalProperties: { type: "number" } },
  },
  required: ["symbol", "side", "amount", "limit"],
};

const operation = (
  type: string,
  payload: JsonSchema,
  more: Partial<AsyncApiOperation> = {},
): Record<string, AsyncApiOperation> => ({
  [type]: {
    action: "receive",
    channel: { $ref: "#/channels/market" },
    title: type,
    summary: type,
    messages: [{ $ref: `#/channels/market/messages/${type}` }],
    "x-type": type,
    "x-payload": payload,
    ...more,
  },
});

/** A document as `toAsyncAPI` makes it. */
export const document: AsyncApiDocument = {
  asyncapi: "3.0.0",
  info: {
    title: "Market",
    version: "1.4.0",
    description: "Prices as they change, and orders. A symbol is that of the exchange.",
  },
  defaultContentType: "application/json",
  channels: {
    market: {
      address: "/market/{exchange}",
      title: "Market",
      messages: {},
      parameters: { exchange: { description: "the exchange", default: "xetra" } },
      bindings: { ws: { method: "GET", bindingVersion: "0.1.0" } },
    },
  },
  operations: {
    ...operation(
      "subscribe",
      {
        type: "object",
        description: "Prices of a symbol, one whenever it changes, until the stream is cancelled.",
        properties: {
          symbol,
          every: {
            type: "integer",
            minimum: 1,
            maximum: 5000,
            description: "Milliseconds between prices",
            default: 100,
          },
        },
        required: ["symbol"],
      },
      {
        "x-reply": {
          type: "object",
          properties: { price, at: { type: "string", format: "date-time" } },
          required: ["price", "at"],
        },
        "x-response-type": "server-streaming",
      },
    ),
    ...operation(
      "un_subscribe",
      { type: "object", properties: { symbol }, required: ["symbol"] },
      {
        "x-reply": { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] },
        "x-response-type": "simple-rpc",
      },
    ),
    ...operation("order", order, {
      "x-reply": {
        type: "object",
        properties: {
          order: { type: "string", format: "uuid" },
          filled: { type: "integer" },
          state: { enum: ["open", "filled", "refused"] },
        },
        required: ["order", "filled", "state"],
      },
      "x-response-type": "simple-rpc",
    }),
    ...operation("heartbeat", { type: "object", properties: {} }),
    ...operation("flood", {
      type: "object",
      description: "Pushes so many alerts a second, for so long.",
      properties: { rate: { type: "integer", default: 5000 }, seconds: { type: "number", default: 1 } },
      required: ["rate", "seconds"],
    }),
    ...operation("leave", { type: "object", description: "Closes with 4000.", properties: {} }),
    ...operation(
      "alert",
      {
        type: "object",
        description: "What all should know.",
        properties: { text: { type: "string" }, level: { enum: ["info", "halt"] } },
        required: ["text", "level"],
      },
      { action: "send" },
    ),
  },
  components: {
    schemas: {
      Symbol: symbol,
      Parent: {
        type: "object",
        description: "The order that this one belongs to",
        properties: { order: { type: "string" }, parent: { $ref: "#/components/schemas/Parent" } },
        required: ["order"],
      },
    },
    securitySchemes: {
      bearer: { type: "http", scheme: "bearer" },
      "subprotocol.market_token": {
        type: "http",
        scheme: "bearer",
        description: 'Or, where headers cannot be set, as the subprotocol that follows "market.token"',
      },
      "query.token": { type: "httpApiKey", in: "query", name: "token" },
    },
  },
  "x-dispatcherKey": "event",
  "x-dispatcherStreamId": "id",
  "x-reserved": { complete: "complete", error: "error", cancel: "cancel" },
};

/** What the page needs, and what proves that nothing becomes HTML. */
export const toPolicy = (nonce: string): string =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;

/** Where the page is, and what its sockets asked for. */
interface Served {
  readonly port: number;
  readonly seen: { readonly url: string; readonly protocols: readonly string[] }[];
  readonly sockets: WebSocketServer;
}

/** Serves the page at `/`, and the service everywhere else. */
export async function servePage(
  t: TestContext,
  shown: AsyncApiDocument = document,
  socketPath = "/market/:exchange",
): Promise<Served> {
  const server = createServer((_, response) => {
    const nonce = crypto.randomUUID();
    response.setHeader("content-security-policy", toPolicy(nonce));
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(toPage(shown, { socketPath, nonce }));
  });
  const sockets = new WebSocketServer({ server, handleProtocols: (names) => [...names].at(-1) ?? false });
  const seen: Served["seen"] = [];
  sockets.on("connection", (socket, request) => {
    const header = request.headers["sec-websocket-protocol"] ?? "";
    seen.push({ url: request.url ?? "", protocols: header.split(",").map((name) => name.trim()) });
    speak(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { port, seen, sockets };
}

function speak(socket: WebSocket): void {
  const streams = new Map<unknown, NodeJS.Timeout>();
  const send = (event: string, id: unknown, payload: object = {}) =>
    socket.send(JSON.stringify({ event, id, ...payload }));
  const stop = (id: unknown) => {
    clearInterval(streams.get(id));
    if (streams.delete(id)) send("complete", id);
  };
  socket.on("close", () => {
    for (const timer of streams.values()) clearInterval(timer);
  });
  socket.on("message", (data) => {
    const { event, id, ...payload } = JSON.parse(String(data));
    if (event === "cancel") return stop(id);
    const issues = toIssues(event, payload);
    if (issues.length > 0)
      return send("error", id, { code: "invalid_message", message: "The message does not fit", issues });
    if (event === "subscribe") {
      let price = 100;
      const tick = () =>
        send(event, id, {
          price: Math.round((price += Math.random() * 2 - 1) * 100) / 100,
          at: new Date().toISOString(),
        });
      tick();
      streams.set(id, setInterval(tick, payload.every ?? 100));
    } else if (event === "un_subscribe") send(event, id, { ok: true });
    else if (event === "order")
      send(event, id, { order: crypto.randomUUID(), filled: payload.amount, state: "filled" });
    else if (event === "leave") socket.close(4000, "As you wish");
    else if (event === "flood") flood(socket, payload.rate, payload.seconds, () => send("complete", id));
    else send("complete", id);
  });
}

function toIssues(event: string, payload: Record<string, unknown>) {
  const issues: { path: string; message: string }[] = [];
  if ("symbol" in payload && payload.symbol === "") issues.push({ path: "symbol", message: "Must not be empty" });
  if (event === "order") {
    if (typeof payload.amount !== "number") issues.push({ path: "amount", message: "Must be a number" });
    const legs = Array.isArray(payload.legs) ? payload.legs : [];
    for (const [index, leg] of legs.entries()) {
      if (typeof leg.weight !== "number") issues.push({ path: `legs.${index}.weight`, message: "Must be a number" });
    }
  }
  return issues;
}

function flood(socket: WebSocket, rate: number, seconds: number, done: () => void): void {
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const passed = Math.min(seconds, (performance.now() - start) / 1000);
    for (; sent < Math.floor(passed * rate); sent += 1) {
      socket.send(JSON.stringify({ event: "alert", text: `Alert ${sent + 1}`, level: "info" }));
    }
    if (passed < seconds) return;
    clearInterval(timer);
    done();
  }, 10);
  socket.on("close", () => clearInterval(timer));
}
