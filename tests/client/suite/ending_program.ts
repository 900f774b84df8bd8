/** Ends clients in the ways that it is told, says which have ended, and has then nothing left to do. */
import process from "node:process";
import { Client, type ClientConfig } from "../../../entries/client.ts";
import { say } from "../../kit/child.ts";

const [name, url = "", ...ways] = process.argv.slice(2);
const transport = name === "ws" ? "ws" : "platform";
const retryConfig = { interval: 60, jitter: 0 };

const connect = (path: string, config: ClientConfig = {}): Promise<Client> =>
  Client.connect(url + path, { transport, readTimeout: 60, ...config });

const all: Record<string, () => Promise<unknown>> = {
  async close() {
    const client = await connect("/echo");
    await client.writeTextMessage("hello");
    await client.readTextMessage();
    await client.close();
  },
  async abort() {
    const aborter = new AbortController();
    const client = await connect("/echo", { signal: aborter.signal, retryConfig });
    aborter.abort();
    await client.closed;
  },
  async waiting() {
    const client = await connect("/drop", { retryConfig });
    if (client.state === "open") await changed(client);
    await client.close();
  },
  async lost() {
    await (await connect("/drop")).closed;
  },
  async queued() {
    const client = await connect("/drop", { retryConfig, writeTimeout: 60 });
    if (client.state === "open") await changed(client);
    const write = client.writeTextMessage("never").catch(() => {});
    await client.close();
    await write;
  },
  async read() {
    const client = await connect("/echo");
    const read = client.readTextMessage().catch(() => {});
    await client.close();
    await read;
  },
  // Nobody looks at what rejects.
  async unseen() {
    const client = await connect("/echo");
    const schema = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } } as const;
    const pending = [client.readTextMessage(), client.readBinaryMessage(), client.readMessage(schema)];
    const closing = client.close();
    void client.ping();
    void client.writeTextMessage("late");
    await closing;
    pending.push(client.readMessage(schema));
    void client.ping();
    void client.pong();
    void client.writeBinaryMessage(new Uint8Array(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
  },
  async final() {
    await Client.connect("ws://127.0.0.1:1/", { transport }).catch(() => {});
  },
  async credential() {
    const aborter = new AbortController();
    const auth = () => new Promise<never>(() => {});
    const connecting = connect("/echo", { auth, credentials: { query: "t" }, signal: aborter.signal });
    setTimeout(() => aborter.abort(), 20);
    await connecting.catch(() => {});
  },
  async listener() {
    const aborter = new AbortController();
    const client = await connect("/echo", { signal: aborter.signal });
    client.addEventListener("statechange", () => {
      if (client.state === "closing") aborter.abort();
    });
    await client.close();
  },
  async silent() {
    await connect("/silent", { handShakeTimeout: 0.1 }).catch(() => {});
    const signal = AbortSignal.timeout(50);
    await connect("/silent", { signal }).catch(() => {});
  },
  async reconnecting() {
    const client = await connect("/drop", { retryConfig: { interval: 0.01 }, handShakeTimeout: 60 });
    if (client.state === "open") await changed(client);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await client.close();
  },
  async mute() {
    const client = await connect("/mute");
    await client.close(1000, "", 0.1);
  },
  async impatient() {
    const aborter = new AbortController();
    const client = await connect("/mute", { signal: aborter.signal });
    const closing = client.close();
    aborter.abort();
    await closing;
  },
};

for (const way of ways) {
  await all[way]?.();
  say(way);
}
say("done");

function changed(client: Client): Promise<unknown> {
  return new Promise((resolve) => {
    client.addEventListener("statechange", resolve, { once: true });
  });
}
