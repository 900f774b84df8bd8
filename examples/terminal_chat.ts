/**
 * A chat in the terminal. The server is examples/chat; start that first, and this in one more terminal or two.
 *
 *     node examples/terminal_chat.ts          (Ann for a name: node examples/terminal_chat.ts Ann)
 *     deno run -A examples/terminal_chat.ts
 *     bun examples/terminal_chat.ts
 *
 * A line is sent to everybody. `/quit`, Ctrl+D and Ctrl+C leave. Stop the server and start it again: the chat goes on, and so do lines that were
 * typed in between. In a project of yours the import reads `from "@switchboard/websocket/client"`.
 */
import { userInfo } from "node:os";
import process from "node:process";
import { clearLine, createInterface, cursorTo, moveCursor } from "node:readline";
import { Client, ConnectionClosureError } from "../entries/client.ts";

type ChatEvent =
  | { type: "welcome"; name: string; people: string[] }
  | { type: "joined" | "left"; name: string }
  | { type: "message"; name: string; text: string };

const { stdin, stdout } = process;
const name = process.argv[2] ?? userInfo().username;
const server = process.argv[3] ?? `ws://localhost:${process.env.PORT ?? 9090}`;
let wasWelcome = false;

const client = await Client.connect(`${server}/chat/${encodeURIComponent(name)}`, {
  retryConfig: {
    backOffFactor: 2,
    maxWaitInterval: 15,
    retryOn(cause) {
      // What fails at first may be a wrong address, or a name that is taken. Later it is our own lost connection that still holds the name.
      if (!wasWelcome) return false;
      return cause instanceof ConnectionClosureError && cause.statusCode === 4409 ? true : undefined;
    },
  },
}).catch((error: Error) => {
  console.error(`${error.message}. Does the chat run? node examples/chat/main.ts`);
  process.exit(1);
});
client.addEventListener("reconnecting", ({ cause, wait }) => {
  show(`* ${cause.message}. Trying again in ${wait.toFixed(1)} s`);
});

const lines = createInterface({ input: stdin, output: stdout, prompt: "> " });
lines.on("line", (line) => {
  if (line === "/quit") return lines.close();
  // It comes back as everybody sees it, which also shows that it has arrived.
  if (stdout.isTTY) moveCursor(stdout, 0, -Math.ceil((line.length + 3) / (stdout.columns || 80)));
  if (!client.isOpen) show("* This waits for the connection");
  if (line.trim() !== "") client.writeTextMessage(line).catch((error) => show(`* Not sent: ${error.message}`));
  prompt();
});
lines.on("SIGINT", () => lines.close());
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => lines.close());
lines.on("close", () => void client.close());

// Goes on over as many connections as it takes, and ends when the client does.
for await (const message of client) show(toLine(JSON.parse(String(message))));

const { code, reason } = await client.closed;
lines.close();
console.log(code === 1000 ? "Goodbye" : `The chat has ended: ${code} ${reason}`);
// An input that is a pipe keeps Node waiting.
process.exit(code === 1000 ? 0 : 1);

function toLine(event: ChatEvent): string {
  if (event.type === "message") return `${event.name}: ${event.text}`;
  if (event.type !== "welcome") return `* ${event.name} ${event.type}`;
  const greeting = wasWelcome ? "You are back" : `You joined as ${event.name}`;
  wasWelcome = true;
  return `* ${greeting}. Here: ${event.people.join(", ")}`;
}

/** Writes a line above the one that is being typed. */
function show(line: string): void {
  if (stdout.isTTY) {
    cursorTo(stdout, 0);
    clearLine(stdout, 0);
  }
  // A name or text may hold codes that move the cursor.
  console.log(line.replace(/\p{Cc}/gu, " "));
  prompt();
}

function prompt(): void {
  if (stdout.isTTY && client.state !== "closing" && client.state !== "closed") lines.prompt(true);
}
