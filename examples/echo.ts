/**
 * Sends back whatever it is sent: text as text, bytes as bytes.
 *
 *     node examples/echo.ts
 *     deno run -A examples/echo.ts
 *     bun examples/echo.ts
 *
 * In a project of yours the import reads `from "@switchboard/websocket"`.
 */
import process from "node:process";
import { Listener, type Service } from "../mod.ts";

// What a callback returns is sent to the caller.
const echo: Service = {
  onTextMessage: (_caller, text) => text,
  onBinaryMessage: (_caller, data) => data,
};

const listener = new Listener(Number(process.env.PORT ?? 9090));
listener.attach("/echo", () => echo);
await listener.start();
console.log(`Echo on ${listener.url}/echo`);
