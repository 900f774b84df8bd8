/**
 * What is sent: typed at a prompt, or read from a pipe.
 *
 * @module
 */

import { CommandError, type Editor, type Streams } from "../command.ts";
import { toBytes } from "./encoding.ts";
import { EXIT, toMessage } from "./failure.ts";
import type { View } from "./happening.ts";
import { toLines } from "./lines.ts";
import type { Link } from "./link.ts";
import type { Pings } from "./pings.ts";
import type { Session } from "./session.ts";
import type { Settings } from "./settings.ts";
import { TYPED_HELP, toTyped } from "./typed.ts";

/** Who takes part. */
export interface Conversation {
  readonly settings: Settings;
  readonly link: Link;
  readonly session: Session;
  readonly view: View;
  readonly pings: Pings;
}

/** Tells whether lines are read: those of `--execute` may be all. */
export function readsLines({ execute, wait, count }: Settings, isTerminal: boolean): boolean {
  return execute.length === 0 || (isTerminal && wait === undefined && count === undefined);
}

/** Sends what `--execute` says, and then the lines of the input if they are read; then leaves when the answers have come. */
export async function converse(conversation: Conversation, streams: Streams): Promise<void> {
  const { settings, session } = conversation;
  await orLeave(session, async () => {
    if (!(await execute(conversation))) return;
    if (readsLines(settings, streams.input.isTTY === true)) {
      for await (const line of toLines(streams.input, settings.maxSize)) {
        if (!(await session.send(toData(settings, line)))) return;
      }
    }
    await session.finish();
  });
}

/** Opens the prompt, and sends what `--execute` says and what is typed. */
export function prompt(conversation: Conversation, edit: NonNullable<Streams["edit"]>): Editor {
  const { session } = conversation;
  const editor = edit({
    line: (line) => {
      if (line === "") return;
      obey(conversation, line).catch((error) => session.fail(toMessage(error)));
    },
    interrupt: () => session.interrupt(EXIT.interrupted),
    end: () => session.leave(),
  });
  void orLeave(session, async () => void (await execute(conversation)));
  return editor;
}

async function execute({ settings, session }: Conversation): Promise<boolean> {
  for (const text of settings.execute) {
    if (!(await session.send(toData(settings, text)))) return false;
  }
  return true;
}

// A line that cannot be sent ends it, and so does an input that cannot be read.
async function orLeave(session: Session, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await session.fail(toMessage(error));
    session.leave();
  }
}

async function obey({ settings, link, session, view, pings }: Conversation, line: string): Promise<void> {
  const typed = toTyped(line);
  const say = (text: string) => view.show({ event: "note", text });
  switch (typed.do) {
    case "text":
      try {
        await session.send(toData(settings, typed.text));
      } catch (error) {
        await say(toMessage(error));
      }
      return;
    case "binary":
      await session.send(typed.bytes);
      return;
    case "ping":
      pings.sent(typed.bytes);
      await link.ping(typed.bytes);
      return;
    case "close":
      session.leave(typed.code, typed.reason);
      return;
    case "help":
      await say(TYPED_HELP);
      return;
    case "complain":
      await say(typed.text);
  }
}

function toData({ binary }: Settings, text: string): string | Uint8Array<ArrayBuffer> {
  if (binary === undefined) return text;
  const bytes = toBytes(text, binary);
  if (bytes === undefined) throw new CommandError(`Not sent, for it is not ${binary}: what --binary says a line is`);
  return bytes;
}
