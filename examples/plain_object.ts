/**
 * A service written as a plain object: a counter, whose state is a variable of the upgrade handler.
 *
 *     node examples/plain_object.ts
 *     deno run -A examples/plain_object.ts
 *     bun examples/plain_object.ts
 *
 * In a project of yours the import reads `from "@switchboard/websocket"`.
 */
import process from "node:process";
import { closeFrame, Listener } from "../mod.ts";

const listener = new Listener(Number(process.env.PORT ?? 9090));

// The handler runs once for each connection, so each has its own count.
listener.attach("/counter", ({ query }) => {
  let count = Number(query.get("from") ?? 0);
  return {
    onOpen: () => ({ count }), // an object is sent as JSON
    onTextMessage(_caller, text) {
      if (text === "up") count += 1;
      else if (text === "down") count -= 1;
      else return closeFrame(4400, "Say up or down");
      return { count };
    },
    onClose(_caller, statusCode, reason) {
      console.log(`Left at ${count} with ${statusCode} ${reason}`);
    },
  };
});

await listener.start();
console.log(`Counter on ${listener.url}/counter?from=10`);
