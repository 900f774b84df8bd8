/**
 * A proxy: each caller gets a connection of its own to the service behind, and messages go both ways.
 *
 *     node examples/proxy.ts
 *     deno run -A examples/proxy.ts
 *     bun examples/proxy.ts
 *
 * The service behind is the one that the environment names in UPSTREAM, such as wss://example.com; else an echo that runs beside.
 * In a project of yours the imports read `from "@switchboard/websocket"` and `from "@switchboard/websocket/client"`.
 */
import process from "node:process";
import { Client } from "../entries/client.ts";
import { type Caller, type CloseFrame, closeFrame, Listener, type Reply, type Service } from "../mod.ts";

class Relay implements Service {
  readonly #url: URL;
  #upstream: Client | undefined;

  constructor(url: URL) {
    this.#url = url;
  }

  // Nothing that the caller sends is handled before this has settled, so nothing is lost.
  async onOpen(): Promise<Reply> {
    // No `retryConfig`: another connection behind knows nothing of this caller, who had better connect anew.
    this.#upstream = await Client.connect(this.#url, { handShakeTimeout: 5, writeTimeout: 10 });
    return this.#replies(this.#upstream);
  }

  // The next message is handled when the promise has resolved: a service that is slow holds its callers up, and fills no memory.
  // On an engine that cannot pause, a caller that goes on sending is closed with 1013.
  onTextMessage(_caller: Caller, text: string): Promise<void> | undefined {
    return this.#upstream?.writeTextMessage(text);
  }

  onBinaryMessage(_caller: Caller, data: Uint8Array): Promise<void> | undefined {
    return this.#upstream?.writeBinaryMessage(data);
  }

  onError(_caller: Caller, error: Error): Reply {
    console.error(`A relay has failed: ${error}`);
    return closeFrame(1014, "The service behind is away");
  }

  // 1005 is a close frame without a code, 1006 no close frame at all: neither can be sent.
  async onClose(_caller: Caller, code: number, reason: string): Promise<void> {
    await this.#upstream?.close(code === 1005 ? 1000 : code === 1006 ? 1001 : code, reason, 5);
  }

  // The next message is taken when the one before has left: a caller that is slow holds the service up.
  async *#replies(upstream: Client): AsyncGenerator<string | Uint8Array | CloseFrame> {
    yield* upstream;
    const { code, reason } = await upstream.closed;
    yield closeFrame(code === 1005 ? 1000 : code === 1006 ? 1014 : code, reason);
  }
}

const target = process.env.UPSTREAM ?? (await startEcho());
const listener = new Listener(Number(process.env.PORT ?? 9090));
listener.attach("/*", ({ url }) => new Relay(new URL(url.pathname + url.search, target)));
await listener.start();
console.log(`Relaying ${listener.url} to ${new URL(target).host}`);

async function startEcho(): Promise<string> {
  const echo = new Listener(0);
  echo.attach("/*", () => ({ onTextMessage: (_caller, text) => text, onBinaryMessage: (_caller, data) => data }));
  await echo.start();
  return `ws://localhost:${echo.port}`;
}
