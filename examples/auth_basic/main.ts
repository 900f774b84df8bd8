/**
 * A chat for the users of a file, who log in with name and password. Ann may also send people away, with "/leave NAME".
 *
 *     node examples/auth_basic/main.ts
 *     deno run -A examples/auth_basic/main.ts
 *     bun examples/auth_basic/main.ts
 *
 * The passwords in users.json are "correct horse" of ann and eve, and "battery staple" of ben; `switchboard hash-password` made the hashes.
 * Eve has no scope and gets 403. The file may be changed while the program runs.
 *
 * In a project of yours the imports read `from "@switchboard/websocket"` and `from "@switchboard/websocket/auth"`.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { basicAuth, fileUserStore } from "../../auth/mod.ts";
import { type Caller, Listener, type Reply, type Service } from "../../mod.ts";

const callers = new Set<Caller>();

function tellAll(text: string): void {
  for (const caller of callers) void caller.writeTextMessage(text);
}

// One object serves everybody: who speaks is the caller's principal.
const chat: Service = {
  onOpen(caller): void {
    callers.add(caller);
    tellAll(`${caller.principal?.subject} has come`);
  },

  async onTextMessage(caller, text): Promise<Reply> {
    const [, name] = /^\/leave (.+)$/.exec(text) ?? [];
    if (name === undefined) return tellAll(`${caller.principal?.subject}: ${text}`);
    if (caller.principal?.scopes.includes("moderate") !== true) return { error: "Only moderators may do that" };
    const sent = [...callers].filter(({ principal }) => principal?.subject === name);
    await Promise.all(sent.map((other) => other.close(4403, "A moderator has sent you away")));
  },

  onClose(caller): void {
    callers.delete(caller);
    tellAll(`${caller.principal?.subject} has left`);
  },
};

const users = fileUserStore(fileURLToPath(new URL("users.json", import.meta.url)));
const listener = new Listener(Number(process.env.PORT ?? 9090));
listener.attach("/chat", () => chat, { auth: [basicAuth({ users, scopes: ["chat"], realm: "chat" })] });
await listener.start();
console.log(`Chat on ${listener.url}/chat`);
