/**
 * A driver: takes the first ride that is offered, drives it, and waits for the next.
 *
 *     node examples/taxi/drive.ts NAME [URL]
 *     deno run -A examples/taxi/drive.ts NAME [URL]
 *     bun examples/taxi/drive.ts NAME [URL]
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "../../entries/client.ts";
import { RequestError } from "../../entries/contract.ts";
import { driver } from "./contract.ts";

const [name = "Dora", server = "ws://localhost:9090"] = process.argv.slice(2);
const client = await Client.connect(`${server}/driver/${encodeURIComponent(name)}`, { contract: driver });
console.log(`${name} waits for a ride`);

// Those that come while a ride is under way are kept; one that is gone by then cannot be accepted.
for await (const { ride, rider } of client.pushes("offer")) {
  try {
    const { from, to } = await client.request("accept", { ride }, { timeout: 5 });
    console.log(`${name} drives ${rider}`);
    for (let part = 1; part <= 4; part += 1) {
      await sleep(100);
      await client.send("position", {
        x: from.x + ((to.x - from.x) * part) / 4,
        y: from.y + ((to.y - from.y) * part) / 4,
      });
    }
    await client.request("arrive", {}, { timeout: 5 });
    console.log(`${name} is free`);
  } catch (error) {
    // Somebody was faster, or the rider has changed their mind.
    if (!(error instanceof RequestError)) throw error;
    console.log(error.message);
  }
}
