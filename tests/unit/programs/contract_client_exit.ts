/** Asks for much by a contract and with time limits, and closes the client or loses it. Arguments: a URL, then "close" or "lose". */
import process from "node:process";
import * as v from "valibot";
import { Client } from "../../../entries/client.ts";
import { contract } from "../../../entries/contract.ts";

const [url = "", how] = process.argv.slice(2);
const market = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    ask: { message: v.object({}) },
    watch: { message: v.object({}), reply: v.object({}), stream: true },
  },
  pushes: { alert: v.object({}) },
});
const client = await Client.connect(url, { contract: market });
const outcomes = [
  client.request("ask", {}, { timeout: 60, signal: new AbortController().signal }),
  client.stream("watch", {}, { timeout: 60, resubscribe: true }).next(),
  client.pushes("alert").next(),
];
if (how === "close") await client.close();
else await client.send("ask", {});
const settled = await Promise.allSettled(outcomes);
process.stdout.write(`${settled.map(({ status }) => status).join()}\n`);
const done = performance.now();
process.on("exit", () => process.stdout.write(`${Math.round(performance.now() - done)}\n`));
