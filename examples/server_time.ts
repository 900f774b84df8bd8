/**
 * Pushes the time of the server, once a second: a stream is an async generator that a callback returns.
 *
 *     node examples/server_time.ts
 *     deno run -A examples/server_time.ts
 *     bun examples/server_time.ts
 *
 * In a project of yours the import reads `from "@switchboard/websocket"`.
 */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { type Caller, Listener, type Reply, type Service } from "../mod.ts";

class ServerTime implements Service {
  #interval = 1000;

  onOpen(): Reply {
    return this.#ticks();
  }

  // Called while the stream runs: it is in nobody's way.
  onTextMessage(_caller: Caller, text: string): Reply {
    const interval = Number(text);
    if (!(interval >= 10)) return { error: "Send the milliseconds between two ticks, 10 or more" };
    this.#interval = interval;
    return { interval };
  }

  async *#ticks(): AsyncGenerator<Reply> {
    try {
      for (;;) {
        yield { time: new Date().toISOString() };
        await setTimeout(this.#interval);
      }
    } finally {
      // The connection has closed: what the stream held is let go here.
      console.log("A stream ended");
    }
  }
}

const listener = new Listener(Number(process.env.PORT ?? 9090));
listener.attach("/time", () => new ServerTime());
await listener.start();
console.log(`Server time on ${listener.url}/time`);
