/**
 * Market data by a contract: prices as streams, alerts as pushes, errors with codes.
 *
 *     node examples/market/main.ts
 *     deno run -A examples/market/main.ts
 *     bun examples/market/main.ts
 *
 * Then, beside it, `node examples/market/client.ts`, or `python3 examples/market/client.py`, which has no part of this module. /docs is a page with
 * all messages and a console to try them, /asyncapi.json the same for programs.
 * In a project of yours the imports read `from "@switchboard/websocket"` and `from "@switchboard/websocket/contract"`, and `npm install valibot
 * @valibot/to-json-schema` brings the schemas; any other library does too.
 */
import process from "node:process";
import { toJsonSchema } from "@valibot/to-json-schema";
import { RequestError } from "../../entries/contract.ts";
import { Listener, type Service } from "../../mod.ts";
import { market } from "./contract.ts";
import { Exchange } from "./exchange.ts";

const exchange = new Exchange();
exchange.open();

function check(symbol: string): void {
  // Answered to the caller as it stands here; any other error would be answered as "internal", and its message stay here.
  if (!exchange.has(symbol)) throw new RequestError(`Nothing is traded as ${symbol}`, { code: "unknown_symbol" });
}

function serve(): Service {
  // What belongs to this connection.
  const subscriptions = new Map<string, AbortController>();
  let alerts = 0;

  return market.service({
    // `signal` aborts when the caller cancels, and when it leaves.
    async *onSubscribe(_caller, { symbol }, { signal }) {
      check(symbol);
      if (subscriptions.has(symbol)) throw new RequestError(`${symbol} is subscribed already`, { code: "subscribed" });
      const end = new AbortController();
      subscriptions.set(symbol, end);
      try {
        const prices = exchange.prices(symbol, AbortSignal.any([signal, end.signal]));
        for await (const price of prices) yield { symbol, price };
      } finally {
        subscriptions.delete(symbol);
      }
    },

    onUnSubscribe(_caller, { symbol }) {
      const end = subscriptions.get(symbol);
      end?.abort();
      return { ok: end !== undefined };
    },

    onAlertAbove(caller, { symbol, price: limit }) {
      check(symbol);
      if (alerts === 10) throw new RequestError("10 alerts are waiting already", { code: "too_many_alerts" });
      alerts += 1;
      const watch = async () => {
        for await (const price of exchange.prices(symbol, caller.signal)) {
          if (price > limit) return void caller.send("alert", { symbol, price, text: `${symbol} is above ${limit}` });
        }
      };
      // Not waited for: the next message is handled meanwhile.
      void watch().finally(() => {
        alerts -= 1;
      });
    },

    onHeartbeat() {},
  });
}

const listener = new Listener(Number(process.env.PORT ?? 9090));
listener.attach("/market", serve, {
  contract: market,
  asyncapi: "/asyncapi.json",
  docs: "/docs",
  title: "Market",
  version: "1.0.0",
  toJsonSchema,
});

await listener.start();
console.log(`Prices on ${listener.url}/market, described on http://localhost:${listener.port}/docs`);
