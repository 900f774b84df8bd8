/**
 * What the market and its callers say to each other. The server and every client import this file; it needs nothing else.
 *
 * In a project of yours the import reads `from "@switchboard/websocket/contract"`.
 */
import * as v from "valibot";
import { contract } from "../../entries/contract.ts";

const Ticker = v.pipe(v.string(), v.regex(/^[A-Z]{1,8}$/, "Must be 1 to 8 capital letters"));
const Price = v.object({ symbol: Ticker, price: v.number() });

export const market = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    // One price after another, until the caller cancels or unsubscribes.
    subscribe: { message: v.object({ symbol: Ticker }), reply: Price, stream: true },
    un_subscribe: { message: v.object({ symbol: Ticker }), reply: v.object({ ok: v.boolean() }) },
    // Answered when it is set; the alert itself comes as a push.
    alert_above: { message: v.object({ symbol: Ticker, price: v.number() }) },
    heartbeat: { message: v.object({}) },
  },
  pushes: { alert: v.object({ ...Price.entries, text: v.string() }) },
});
