/** The table of conversations, and texts that are UTF-8 or not (RFC 6455, section 8.1), with a client that sends back what it reads. */
import { type Client, WebSocketError } from "../../../entries/client.ts";
import { accepting } from "../../kit/answers.ts";
import { type Conversation, conversations } from "../../kit/conversations.ts";
import { type Cut, converse, cuts } from "../../kit/converse.ts";
import { cutShort, illFormed, toEchoes, toFaults, wellFormed } from "../../kit/texts.ts";
import type { Scene, Subject } from "./subject.ts";

/** Holds conversations, one after the other, each on a connection of its own. */
async function hold(scene: Scene, table: readonly Conversation[], cut: Cut): Promise<void> {
  const server = await scene.serve(accepting());
  const side = { masks: false, tellsWhy: scene.transport === "ws" };
  for (const conversation of table) {
    const client = await scene.connect(server);
    const echo = sendBack(client);
    await converse(await server.attempt(server.attempts.length), conversation, cut, side);
    await scene.within(`the end of the client, after ${conversation.title}`, echo);
  }
}

async function sendBack(client: Client): Promise<void> {
  try {
    for await (const message of client) await client.writeMessage(message);
  } catch (error) {
    if (!(error instanceof WebSocketError)) throw error;
  }
  await client.closed;
}

export function conversing(subject: Subject): void {
  for (const [about, table] of conversations) {
    for (const cut of cuts) {
      subject.test(`a client answers ${about}, sent ${cut}, as RFC 6455 says`, (scene) =>
        hold(
          scene,
          table.filter(({ key }) => key === undefined),
          cut,
        ),
      );
    }
    for (const conversation of table.filter(({ key }) => key !== undefined)) {
      subject.gapTest(conversation.key, `a client answers ${conversation.title} as RFC 6455 says`, async (scene) => {
        for (const cut of cuts) await hold(scene, [conversation], cut);
      });
    }
  }
  for (const texts of wellFormed) {
    subject.gapTest(texts.key, `text that has ${texts.title} comes back as it was`, (scene) =>
      hold(scene, [toEchoes(texts)], "together"),
    );
  }
  for (const texts of illFormed) {
    subject.test(`text that has ${texts.title} ends the connection with 1007`, (scene) =>
      hold(scene, toFaults(texts), "together"),
    );
  }
  subject.gapTest("brokenText", `text that has ${cutShort.title} ends the connection with 1007`, (scene) =>
    hold(scene, toFaults(cutShort, true), "together"),
  );
}
