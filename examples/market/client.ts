/**
 * A client of the market, typed by its contract. It talks to what `examples/market/main.ts` serves.
 *
 *     node examples/market/client.ts [URL]
 *     deno run -A examples/market/client.ts [URL]
 *     bun examples/market/client.ts [URL]
 *
 * In a project of yours the imports read `from "@switchboard/websocket/client"` and `from "@switchboard/websocket/contract"`.
 */
import process from "node:process";
import { Client } from "../../entries/client.ts";
import { RequestError } from "../../entries/contract.ts";
import { market } from "./contract.ts";

const url = process.argv[2] ?? "ws://localhost:9090/market";
const client = await Client.connect(url, { contract: market });
const alerts = client.pushes("alert");

// A stream. To leave the loop tells the service that no more is wanted.
let last = 0;
let count = 0;
for await (const { symbol, price } of client.stream("subscribe", { symbol: "ACME" })) {
  console.log(`${symbol} costs ${price}`);
  last = price;
  count += 1;
  if (count === 3) break;
}

// A request. The service has nothing to say but that it is done.
await client.request("alert_above", { symbol: "ACME", price: last / 2 }, { timeout: 5 });
for await (const { text } of alerts) {
  console.log(`Alert: ${text}`);
  break;
}

// The stream has ended, so there is nothing to end.
const { ok } = await client.request("un_subscribe", { symbol: "ACME" }, { timeout: 5 });
console.log(ok ? "Unsubscribed" : "There was no subscription");

try {
  for await (const _price of client.stream("subscribe", { symbol: "NOSUCH" })) break;
} catch (error) {
  if (!(error instanceof RequestError)) throw error;
  console.log(`${error.code}: ${error.message}`);
}

await client.close();
