/**
 * What happens, shown to people: at a terminal, or beside a pipe.
 *
 * @module
 */

import { toCloseName } from "./close_names.ts";
import { type Encoding, fromBytes } from "./encoding.ts";
import { toSafeLine, toSafeText } from "./escape.ts";
import type { Happening, View } from "./happening.ts";
import { toHexdump, toSize } from "./hexdump.ts";
import { toPrettyJson } from "./pretty_json.ts";
import type { Sink } from "./sink.ts";
import type { Paint, Tone } from "./style.ts";

/** How things are shown. */
export interface ConsoleStyle {
  /** Whether messages are shown with mark and time, harmless; else each is a line as it was sent. */
  readonly marks: boolean;
  /** Whether JSON is laid out. */
  readonly pretty: boolean;
  /** Whether every ping and pong is shown. */
  readonly verbose: boolean;
  /** How binary messages are written as lines; then texts are notes. */
  readonly binary: Encoding | undefined;
  /** Colours of messages and of notes. */
  readonly paint: { readonly messages: Paint; readonly notes: Paint };
  /** The time of day. */
  now(): Date;
}

/** Shows what happens to people. */
export class ConsoleView implements View {
  readonly #messages: Sink;
  readonly #notes: Sink;
  readonly #style: ConsoleStyle;

  /** Writes messages to one sink and everything else to the other. */
  constructor(messages: Sink, notes: Sink, style: ConsoleStyle) {
    this.#messages = messages;
    this.#notes = notes;
    this.#style = style;
  }

  async show(happening: Happening): Promise<void> {
    const { binary, marks, pretty } = this.#style;
    if (happening.event === "text" && !marks && binary === undefined) {
      await this.#messages.write(`${(pretty ? toPrettyJson(happening.data) : undefined) ?? happening.data}\n`);
    } else if (happening.event === "binary" && !marks && binary !== undefined) {
      await this.#messages.write(`${fromBytes(happening.data, binary)}\n`);
    } else {
      await this.#mark(happening);
    }
  }

  async #mark(happening: Happening): Promise<void> {
    const line = this.#toLine(happening);
    if (line === undefined) return;
    const isMessage = this.#style.marks && (happening.event === "text" || happening.event === "binary");
    const { messages, notes } = this.#style.paint;
    const time = this.#style.now().toTimeString().slice(0, 8);
    const paint = isMessage ? messages : notes;
    await (isMessage ? this.#messages : this.#notes).write(`${paint("note", time)} ${paint(line.tone, line.text)}\n`);
  }

  #toLine(happening: Happening): { tone: Tone; text: string } | undefined {
    switch (happening.event) {
      case "text":
        return { tone: "received", text: `< ${this.#toText(happening.data)}` };
      case "binary": {
        const { length } = happening.data;
        const dump = length === 0 ? "" : `\n${toHexdump(happening.data)}`;
        return { tone: "received", text: indent(`< binary, ${toSize(happening.data)}${dump}`) };
      }
      case "ping":
        return this.#style.verbose ? { tone: "note", text: `< ping${toPayload(happening.data)}` } : undefined;
      case "pong":
        return this.#toPong(happening.data, happening.wait);
      case "close":
        return {
          tone: happening.by === "us" || isGood(happening.code) ? "note" : "error",
          text: `* ${toEnd(happening)}`,
        };
      case "error":
      case "refused":
        return { tone: "error", text: `* ${toComplaint(happening)}` };
      default:
        return { tone: "note", text: `* ${toNote(happening)}` };
    }
  }

  // What follows a line break is set in, so that it cannot pass for a line of ours.
  #toText(text: string): string {
    const laidOut = this.#style.pretty ? toPrettyJson(text) : undefined;
    return indent(toSafeText(laidOut ?? text));
  }

  #toPong(data: Uint8Array, wait: number | undefined): { tone: Tone; text: string } | undefined {
    if (wait === undefined && !this.#style.verbose) return undefined;
    const after = wait === undefined ? "" : ` after ${(wait * 1000).toFixed(1)} ms`;
    return { tone: "note", text: `< pong${toPayload(data)}${after}` };
  }
}

function indent(text: string): string {
  return text.replaceAll("\n", "\n  ");
}

function isGood(code: number): boolean {
  return code === 1000 || code === 1001 || code === 1005;
}

function toPayload(bytes: Uint8Array): string {
  return bytes.length === 0 ? "" : ` "${toSafeLine(new TextDecoder().decode(bytes))}"`;
}

function toEnd({ code, reason, by }: Happening & { event: "close" }): string {
  // 1006 of ours: there was no connection to close, or nobody answered.
  const ours = code === 1006 ? "Ended" : "Closed";
  const what = by === "us" ? ours : code === 1006 ? "Connection lost" : "Closed by the server";
  return `${what}: ${code} (${toCloseName(code)})${reason === "" ? "" : `, "${toSafeLine(reason)}"`}`;
}

function toComplaint(happening: Happening & { event: "error" | "refused" }): string {
  if (happening.event === "error") return toSafeLine(happening.message);
  const { status, phrase, body } = happening;
  const said = body === "" ? "" : `: ${toSafeLine(body)}`;
  return `Refused by the server with ${status}${phrase === "" ? "" : ` ${phrase}`}${said}`;
}

function toNote(happening: Happening & { event: "open" | "reconnecting" | "note" }): string {
  if (happening.event === "note") return indent(happening.text);
  if (happening.event === "open") {
    const subprotocol = happening.subprotocol === "" ? "" : `, subprotocol "${toSafeLine(happening.subprotocol)}"`;
    return `Connected${happening.again ? " again" : ""} to ${toSafeLine(happening.url)}${subprotocol}`;
  }
  const { attempt, wait, cause } = happening;
  const when = wait === undefined ? "Trying again" : `Trying again in ${wait.toFixed(1)} s (attempt ${attempt})`;
  return `${when}: ${toSafeLine(cause)}`;
}
