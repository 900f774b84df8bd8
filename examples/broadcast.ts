/**
 * Sends what anybody writes to everybody in the same room.
 *
 *     node examples/broadcast.ts
 *     deno run -A examples/broadcast.ts
 *     bun examples/broadcast.ts
 *
 * In a project of yours the import reads `from "@switchboard/websocket"`.
 */
import process from "node:process";
import { type Caller, Listener, type Service } from "../mod.ts";

const rooms = new Map<string, Set<Caller>>();

/** One member of a room: an instance for each connection. */
class Member implements Service {
  readonly #name: string;
  readonly #room: Set<Caller>;

  constructor(name: string) {
    this.#name = name;
    this.#room = rooms.get(name) ?? new Set();
    rooms.set(name, this.#room);
  }

  onOpen(caller: Caller): void {
    this.#room.add(caller);
  }

  onTextMessage(_caller: Caller, text: string): void {
    // Not awaited: nobody waits for a slow reader, and one that never reads is closed with 1013.
    for (const caller of this.#room) void caller.writeTextMessage(text);
  }

  onClose(caller: Caller): void {
    this.#room.delete(caller);
    if (this.#room.size === 0) rooms.delete(this.#name);
  }
}

const listener = new Listener(Number(process.env.PORT ?? 9090));
listener.attach("/rooms/:name", ({ params }) => new Member(params.name));
await listener.start();
console.log(`Broadcast on ${listener.url}/rooms/lobby`);
