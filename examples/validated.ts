/**
 * Messages checked by a schema before they are handled: an adder that takes `{"a": 1, "b": 2}` and nothing else.
 *
 *     node examples/validated.ts
 *     deno run -A examples/validated.ts
 *     bun examples/validated.ts
 *
 * In a project of yours the import reads `from "@switchboard/websocket"`, and `npm install valibot` brings the schemas; any other library does too.
 */
import process from "node:process";
import * as v from "valibot";
import { Listener, type Reply } from "../mod.ts";

const Numbers = v.object({ a: v.number(), b: v.number() });
const Message = v.pipe(v.string(), v.parseJson(), Numbers);

const listener = new Listener(Number(process.env.PORT ?? 9090));

listener.attach("/add", () => ({
  onTextMessage(_caller, text): Reply {
    const { success, output, issues } = v.safeParse(Message, text);
    if (success) return { sum: output.a + output.b };
    // Bad input gets an answer that says what is wrong; the connection stays open.
    return { error: issues.map((issue) => `${v.getDotPath(issue) ?? "message"}: ${issue.message}`) };
  },
}));

await listener.start();
console.log(`Adder on ${listener.url}/add`);
