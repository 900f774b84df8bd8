/**
 * Secrets read from a pipe, or from somebody who types them unseen.
 *
 * @module
 */

import { CommandError, type Input, type Output } from "./command.ts";

/** Bytes that are read of a pipe. */
const LARGEST = 65_536;

/**
 * Reads a secret. At a terminal it is asked for and not shown; of a pipe all is read, and one line break at the end left out.
 *
 * @param times How often it is asked for: a new one twice. @default 2
 * @throws {CommandError} If the two differ, the pipe has more than 64 KiB or no UTF-8, or the key Ctrl+C is pressed
 */
export async function readSecret(input: Input, questions: Output, times: 1 | 2 = 2): Promise<string> {
  if (input.isTTY !== true || input.setRawMode === undefined) return await readAll(input);
  input.setRawMode(true);
  try {
    return await readTyped(input, questions, times);
  } finally {
    input.setRawMode(false);
  }
}

async function readAll(input: Input): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let size = 0;
  try {
    for await (const chunk of input) {
      size += chunk.length;
      if (size > LARGEST) throw new CommandError(`The password has more than ${LARGEST} bytes`);
      text += decode(decoder, chunk);
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`Cannot read the password: ${error instanceof Error ? error.message : error}`);
  }
  return (text + decode(decoder)).replace(/\r?\n$/, "");
}

function decode(decoder: TextDecoder, chunk?: Uint8Array | string): string {
  try {
    if (typeof chunk === "string") return chunk;
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new CommandError("The password is not in UTF-8");
  }
}

async function readTyped(input: Input, questions: Output, times: 1 | 2): Promise<string> {
  const decoder = new TextDecoder();
  const lines: string[] = [];
  let typed: string[] = [];
  questions.write("Password: ");
  for await (const chunk of keep(input)) {
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    // A key such as an arrow is sent as one chunk that begins with Escape.
    if (text.startsWith("\u001b")) continue;
    for (const key of text) {
      if (key === "\u0003") throw new CommandError("\nInterrupted", 130);
      else if (key === "\u007f" || key === "\b") typed.pop();
      else if (key === "\u0015") typed = [];
      else if (key !== "\r" && key !== "\n" && key !== "\u0004") typed.push(key);
      else {
        lines.push(typed.join(""));
        typed = [];
        questions.write(lines.length < times ? "\nOnce more: " : "\n");
        if (lines.length === times) return toSame(lines);
      }
    }
  }
  throw new CommandError("\nNo password was typed");
}

// What is typed after the secret is for somebody else.
function keep(input: Input): AsyncIterable<Uint8Array | string> {
  const iterator = input.iterator?.({ destroyOnReturn: false });
  return iterator === undefined ? input : { [Symbol.asyncIterator]: () => iterator };
}

function toSame([first = "", second = first]: readonly string[]): string {
  if (first !== second) throw new CommandError("The two passwords differ");
  return first;
}
