/**
 * What is typed at the prompt.
 *
 * @module
 */

import { checkClose } from "../../src/close_code.ts";
import { toBytes } from "./encoding.ts";

/** What a typed line asks for. */
export type Typed =
  | { readonly do: "text"; readonly text: string }
  | { readonly do: "binary"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly do: "ping"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly do: "close"; readonly code: number; readonly reason: string }
  | { readonly do: "help" }
  | { readonly do: "complain"; readonly text: string };

/** What `/help` prints. */
export const TYPED_HELP = `A line is sent as a text message when Enter is pressed. Lines that begin with a slash are commands:
  /ping [TEXT]           sends a ping, and shows the answer with the time it took
  /binary HEX            sends a binary message: /binary 48 65 6c
  /close [CODE [REASON]] closes, with 1000 if no code is named
  /quit                  closes with 1000, as Ctrl+D does
  /help                  prints this
  //TEXT                 sends /TEXT
Arrow keys bring back what was typed. Ctrl+C closes and gives 130; pressed again, it waits for no answer.`;

/** Reads a line. */
export function toTyped(line: string): Typed {
  if (!line.startsWith("/")) return { do: "text", text: line };
  if (line.startsWith("//")) return { do: "text", text: line.slice(1) };
  const [, name = "", rest = ""] = /^\/(\S*)\s*(.*?)\s*$/s.exec(line) ?? [];
  switch (name) {
    case "ping":
      return toPing(rest);
    case "binary": {
      const bytes = toBytes(rest, "hex");
      if (bytes !== undefined) return { do: "binary", bytes };
      return { do: "complain", text: "Bytes are written as pairs of hexadecimal digits: /binary 48 65 6c" };
    }
    case "close":
      return toClose(rest);
    case "quit":
      return { do: "close", code: 1000, reason: "" };
    case "help":
      return { do: "help" };
    default:
      return {
        do: "complain",
        text: `Unknown command "/${name}": see /help, and // sends a text that begins with a slash`,
      };
  }
}

function toPing(text: string): Typed {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= 125) return { do: "ping", bytes };
  return { do: "complain", text: `A ping carries at most 125 bytes, and this is ${bytes.length}` };
}

function toClose(text: string): Typed {
  const [, digits = "", reason = ""] = /^(\S*)\s*(.*)$/s.exec(text) ?? [];
  const code = digits === "" ? 1000 : Number(digits);
  try {
    checkClose(code, reason);
    return { do: "close", code, reason };
  } catch (error) {
    return { do: "complain", text: error instanceof Error ? error.message : "Cannot close" };
  }
}
