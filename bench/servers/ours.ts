/** The public API as users write it. The engine is the first argument. */
import process from "node:process";
import { type Caller, Listener, type ListenerConfig, type Service } from "../../mod.ts";
import { ready } from "./control.ts";

class Echo implements Service {
  onTextMessage(_caller: Caller, text: string): string {
    return text;
  }
  onBinaryMessage(_caller: Caller, data: Uint8Array): Uint8Array {
    return data;
  }
}

const callers = new Set<Caller>();

class Broadcast implements Service {
  onOpen(caller: Caller): void {
    callers.add(caller);
  }
  onTextMessage(_caller: Caller, text: string): void {
    for (const caller of callers) void caller.writeTextMessage(text);
  }
  onClose(caller: Caller): void {
    callers.delete(caller);
  }
}

const engine = process.argv[2] as NonNullable<ListenerConfig["engine"]>;
const listener = new Listener(0, { engine });
listener.attach("/echo", () => new Echo());
listener.attach("/broadcast", () => new Broadcast());
await listener.start();
ready(listener.port);
