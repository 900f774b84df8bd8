/**
 * A chat with a web page. Open it in two windows.
 *
 *     node examples/chat/main.ts        (also: npm start)
 *     deno run -A examples/chat/main.ts
 *     bun examples/chat/main.ts
 *
 * In a project of yours the import reads `from "@switchboard/websocket"`.
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { Hono } from "hono";
import { type Caller, closeFrame, Listener, type Reply, type Service, UpgradeError } from "../../mod.ts";

const callers = new Map<string, Caller>();

function broadcast(event: { type: "joined" | "left" | "message"; name: string; text?: string }): void {
  const text = JSON.stringify(event);
  for (const caller of callers.values()) void caller.writeTextMessage(text);
}

class ChatService implements Service {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  onOpen(caller: Caller): Reply {
    // A page learns the code and the reason of a close, but not why a handshake was refused.
    if (callers.has(this.#name)) return closeFrame(4409, "This name is taken");
    broadcast({ type: "joined", name: this.#name });
    callers.set(this.#name, caller);
    return { type: "welcome", name: this.#name, people: [...callers.keys()] };
  }

  onTextMessage(_caller: Caller, text: string): void {
    if (text.trim() !== "") broadcast({ type: "message", name: this.#name, text });
  }

  onClose(caller: Caller): void {
    if (callers.get(this.#name) !== caller) return; // One whose name was taken.
    callers.delete(this.#name);
    broadcast({ type: "left", name: this.#name });
  }
}

const app = new Hono();
const page = await readFile(new URL("index.html", import.meta.url), "utf8");
app.get("/", (context) => context.html(page));

const listener = new Listener(app, { port: Number(process.env.PORT ?? 9090) });
listener.attach(
  "/chat/:username",
  ({ params }) => {
    const name = params.username.trim().normalize();
    // A letter or a digit, so that a name can be seen, and "." and ".." cannot be one.
    if (name.length <= 24 && /[\p{L}\p{N}]/u.test(name) && !/\p{Cc}/u.test(name)) return new ChatService(name);
    return new UpgradeError("Choose a name of 1 to 24 characters, one of them a letter or a digit", { status: 400 });
  },
  { maxFrameSize: 8192 },
);
await listener.start();
console.log(`Open http://localhost:${listener.port} in two windows`);

// Everybody is told 1001 before the process ends, and the page connects again when it is back.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void listener.gracefulStop({ deadline: 2 }));
