/**
 * A rider: calls for a ride, and is told where the car is until it has arrived.
 *
 *     node examples/taxi/ride.ts NAME [URL]
 *     deno run -A examples/taxi/ride.ts NAME [URL]
 *     bun examples/taxi/ride.ts NAME [URL]
 */
import process from "node:process";
import { Client } from "../../entries/client.ts";
import { rider } from "./contract.ts";

const [name = "Ann", server = "ws://localhost:9090"] = process.argv.slice(2);
const client = await Client.connect(`${server}/rider/${encodeURIComponent(name)}`, { contract: rider });

for await (const step of client.stream("request_ride", { from: { x: 0, y: 0 }, to: { x: 4, y: 2 } })) {
  if (step.status === "searching") console.log(`${name} is looking for a driver, ${step.drivers} are free`);
  else if (step.status === "accepted") console.log(`${step.driver} comes`);
  else if (step.status === "position") console.log(`At ${step.at.x}, ${step.at.y}`);
  else console.log(`${name} has arrived`);
}
await client.close();
