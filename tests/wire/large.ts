/** Large messages, and messages in many pieces, come back whole from a service that allows their size. */
import { LARGEST, large, roundTrip } from "../kit/large.ts";
import type { Define } from "./harness.ts";

const config = { maxFrameSize: LARGEST, maxQueuedBytes: 2 * LARGEST, maxBufferedAmount: 2 * LARGEST };

/** A service that notes nothing: the harness would keep every byte as a number. */
const service = {
  onTextMessage: (_caller: unknown, text: string) => text,
  onBinaryMessage: (_caller: unknown, data: Uint8Array) => data,
};

/** Registers the tests. */
export function testLarge(define: Define): void {
  define(
    "Messages of 0 bytes to 16 MiB come back, in one frame or many",
    { config, decide: () => service },
    async (server) => {
      const client = await server.connect();
      for (const message of large) await roundTrip(client, message, true);
      void client.send.close(1000);
      await client.ended();
    },
  );
}
