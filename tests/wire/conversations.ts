/** The table of conversations, and texts that are UTF-8 or not (section 8.1), with a service that sends back what it gets. */
import { ENGINE_CAPABILITIES, type EngineName } from "../../mod.ts";
import { type Conversation, conversations } from "../kit/conversations.ts";
import { type Cut, converse, cuts } from "../kit/converse.ts";
import { cutShort, illFormed, toEchoes, toFaults, wellFormed } from "../kit/texts.ts";
import type { Define, WireServer } from "./harness.ts";

/** Registers the tests. */
export function testConversations(engine: EngineName, define: Define): void {
  const side = { masks: true, tellsWhy: ENGINE_CAPABILITIES[engine].frameErrors };
  const hold = async (server: WireServer, conversation: Conversation, cut: Cut): Promise<void> => {
    const { client } = await server.pair();
    await converse(client, conversation, cut, side);
    client.destroy();
  };

  for (const [about, table] of conversations) {
    for (const cut of cuts) {
      define(`An echo answers ${about}, sent ${cut}, as RFC 6455 says`, {}, async (server) => {
        for (const conversation of table) {
          if (conversation.key === undefined) await hold(server, conversation, cut);
        }
        await server.lives();
      });
    }
    for (const conversation of table.filter(({ key }) => key !== undefined)) {
      const all = async (server: WireServer) => {
        for (const cut of cuts) await hold(server, conversation, cut);
      };
      define(`An echo answers ${conversation.title} as RFC 6455 says`, {}, all, conversation.key);
    }
  }

  for (const texts of wellFormed) {
    const whole = (server: WireServer) => hold(server, toEchoes(texts), "together");
    define(`Text that has ${texts.title} comes back as it was`, {}, whole, texts.key);
  }
  for (const texts of illFormed) {
    define(`Text that has ${texts.title} closes with 1007 and is delivered to nobody`, {}, async (server) => {
      for (const conversation of toFaults(texts)) await hold(server, conversation, "together");
    });
  }
  const end = async (server: WireServer) => {
    for (const conversation of toFaults(cutShort, true)) await hold(server, conversation, "together");
  };
  define(`Text that has ${cutShort.title} closes with 1007 and is delivered to nobody`, {}, end, "brokenText");
}
