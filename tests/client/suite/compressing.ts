/** permessage-deflate (RFC 7692, section 7.1) with servers that keep windows, forbid it, or allow smaller ones. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Attempt } from "../../kit/attempt.ts";
import { RSV1 } from "../../kit/deflate.ts";
import { deflater, inflater, toAgreed } from "../../kit/deflate_stream.ts";
import { CONTINUATION, TEXT } from "../../kit/frames.ts";
import { runtime } from "../gaps.ts";
import type { Subject } from "./subject.ts";

/** What a server asks of what the client sends. */
const wishes = [
  "",
  "; client_no_context_takeover",
  "; client_max_window_bits=9",
  "; client_max_window_bits=15",
  "; client_max_window_bits=9; client_no_context_takeover",
];

/** Characters of each message, and bytes of each of its fragments. */
const messages = [0, 1, 16, 1024, 5000, 70_000].flatMap((size) => [
  { size, fragment: Number.POSITIVE_INFINITY },
  { size, fragment: 256 },
]);

/** Accepts the offer of a client; gives what was agreed on, or nothing where there was no offer. */
async function agree(attempt: Attempt, wish: string): Promise<string | undefined> {
  const offer = (await attempt.requested()).header("sec-websocket-extensions");
  if (offer === undefined) return void (await attempt.accept());
  // What a client asks of the server has to be granted.
  const granted = /\bserver_no_context_takeover\b/.test(offer) ? "; server_no_context_takeover" : "";
  const agreed = `permessage-deflate${granted}${wish}`;
  await attempt.accept({ headers: { "Sec-WebSocket-Extensions": agreed } });
  return agreed;
}

export function compressing(subject: Subject): void {
  for (const wish of wishes) {
    subject.test(`messages go both ways where a server answers permessage-deflate${wish}`, async (scene) => {
      const agreeing = Promise.withResolvers<string | undefined>();
      const server = await scene.serve(async (attempt) => agreeing.resolve(await agree(attempt, wish)));
      const client = await scene.connect(server, { maxFrameSize: 100_000 });
      const agreed = await agreeing.promise;
      // Deno offers nothing, which is told of in the documentation.
      assert.equal(agreed === undefined, runtime === "deno");
      if (agreed !== undefined) {
        const echo = (async () => {
          for await (const message of client) await client.writeMessage(message);
        })();
        const attempt = await server.attempt(1);
        await exchange(attempt, agreed, scene.transport === "ws");
        await attempt.send.close(1000);
        await scene.within("the end", echo);
      }
    });
  }
}

// The platform may leave what it sends as it is: Node does.
async function exchange(attempt: Attempt, agreed: string, compresses: boolean): Promise<void> {
  const zip = deflater(toAgreed(agreed, "server"));
  const unzip = inflater(toAgreed(agreed, "client"));
  for (const [index, { size, fragment }] of messages.entries()) {
    const text = `${index} words, and much the same words; `.repeat(1 + size / 30).slice(0, size);
    await sendParts(attempt, await zip(Buffer.from(text)), fragment);
    const { rsv, payload, opcode } = await attempt.frame();
    const echo = rsv === RSV1 ? await unzip(payload) : payload;
    assert.equal(opcode, TEXT);
    assert.ok(echo.toString() === text, `${size} characters in fragments of ${fragment} came back as others`);
    if (compresses && size >= 1024) assert.equal(rsv, RSV1, `${size} characters came back as they were`);
  }
}

async function sendParts(attempt: Attempt, data: Buffer, size: number): Promise<void> {
  for (let at = 0; at === 0 || at < data.length; at += size) {
    const frame = { fin: at + size >= data.length, payload: data.subarray(at, at + size) };
    await attempt.send.frame(at === 0 ? { opcode: TEXT, rsv: RSV1, ...frame } : { opcode: CONTINUATION, ...frame });
  }
}
