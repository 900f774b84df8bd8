import * as v from "valibot";
import { contract } from "../../../entries/contract.ts";

const order = v.object({ symbol: v.string() });

export const market: object = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: { subscribe: { message: order, reply: v.object({ price: v.number() }), stream: true } },
});

export const other = "is no contract";
