/** C10: what a client with a contract is typed as. */
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { Client, type ClientConfig } from "../../../entries/client.ts";
import { contract } from "../../../entries/contract.ts";
import type { JsonValue } from "../../../mod.ts";
import type { Equal, Expect } from "./expect.ts";

const market = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    subscribe: { message: v.object({ symbol: v.string() }), reply: v.object({ price: v.number() }), stream: true },
    un_subscribe: { message: z.object({ symbol: z.string().default("A") }), reply: z.object({ at: z.coerce.date() }) },
    size: { message: type({ "symbol?": "string" }), reply: type("number") },
    beat: { message: v.object({}) },
    raw: { message: v.object({}), stream: true },
  },
  pushes: {
    alert: v.object({ text: v.string() }),
    length: v.pipe(
      v.string(),
      v.transform((text) => text.length),
    ),
  },
});

export async function positive(): Promise<void> {
  const client = await Client.connect("ws://localhost", { contract: market, retryConfig: {} });
  const instance: Client = client;
  // The input of a schema goes out, its output comes in.
  const { at } = await client.request("un_subscribe", {});
  const size = await client.request("size", { symbol: "A" }, { timeout: 5, signal: AbortSignal.timeout(5) });
  const nothing = await client.request("beat", {});
  const prices = client.stream("subscribe", { symbol: "A" }, { resubscribe: true });
  const raw = client.stream("raw", {});
  type Checks = [
    Expect<Equal<typeof at, Date>>,
    Expect<Equal<typeof size, number>>,
    Expect<Equal<typeof nothing, undefined>>,
    Expect<Equal<typeof prices, AsyncIterableIterator<{ price: number }, undefined>>>,
    Expect<Equal<typeof raw, AsyncIterableIterator<JsonValue, undefined>>>,
  ];
  for await (const { price } of prices) console.log(price satisfies number);
  for await (const { text } of client.pushes("alert")) console.log(text satisfies string);
  for await (const length of client.pushes("length")) console.log(length satisfies number);
  await client.send("subscribe", { symbol: "A" });
  console.log(client.droppedMessages satisfies number, instance, 0 satisfies Checks extends unknown ? number : never);
}

export async function negative(config: ClientConfig): Promise<void> {
  const client = await Client.connect("ws://localhost", { contract: market });
  // @ts-expect-error There is no such message.
  client.request("nope", {});
  // @ts-expect-error The message lacks a field.
  client.stream("subscribe", {});
  // @ts-expect-error A field is of the wrong type.
  client.send("un_subscribe", { symbol: 5 });
  // @ts-expect-error It is a stream.
  client.request("subscribe", { symbol: "A" });
  // @ts-expect-error It is none.
  client.stream("un_subscribe", {});
  // @ts-expect-error A request is not asked again.
  client.request("beat", {}, { resubscribe: true });
  // @ts-expect-error There is no such option.
  client.stream("raw", {}, { timeOut: 5 });
  // @ts-expect-error It is a message, no push.
  client.pushes("beat");
  // @ts-expect-error Nobody sets it.
  client.droppedMessages = 0;
  // @ts-expect-error The reply has no such field.
  (await client.request("un_subscribe", {})).ok;
  // @ts-expect-error A contract is made by contract().
  await Client.connect("ws://localhost", { contract: market.definition });

  const plain = await Client.connect("ws://localhost", config);
  // @ts-expect-error Without a contract there is no request().
  plain.request("beat", {});
  // @ts-expect-error An option is checked with a contract too.
  await Client.connect("ws://localhost", { contract: market, readTimeOut: 5 });

  const silent = await Client.connect("ws://localhost", {
    contract: contract({ dispatcherKey: "event", messages: { beat: { message: v.object({}) } } }),
  });
  // @ts-expect-error There are no pushes.
  silent.pushes("alert");
}
