/**
 * The prompt of a terminal, with a history.
 *
 * @module
 */

import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import type { Editor, Keys } from "../command.ts";

const PROMPT = "> ";

/** Opens a prompt at the terminal of the process; lines are edited and brought back by the usual keys. */
export function openEditor(keys: Keys): Editor {
  const { stdin: input, stdout: output } = process;
  const lines = createInterface({ input, output, terminal: true, prompt: PROMPT, removeHistoryDuplicates: true });
  let isOpen = true;
  // In which row of the prompt the cursor stands: on Node and Bun readline forgets it when a line that is pasted grows into a second row. The
  // property is the same on Node, Deno and Bun.
  const noteRow = (row = lines.getCursorPos().rows) => Reflect.set(lines, "prevRows", row);
  const onKey = () => noteRow();
  input.on("keypress", onKey);
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    output.write(toErased(lines));
    lines.close();
  };
  lines.on("line", (line) => {
    keys.line(line);
    if (isOpen) lines.prompt();
  });
  lines.on("SIGINT", () => keys.interrupt());
  // After Ctrl+Z and `fg` it pauses, until it is told to go on.
  lines.on("SIGCONT", () => lines.prompt(true));
  lines.on("close", () => {
    input.off("keypress", onKey);
    if (!isOpen) return;
    isOpen = false;
    output.write("\r\u001b[J");
    keys.end();
  });
  lines.prompt();
  return {
    print(text) {
      if (!isOpen) {
        output.write(text);
        return;
      }
      output.write(`${toErased(lines)}${text}`);
      noteRow(0);
      lines.prompt(true);
    },
    close,
  };
}

/** Goes to the first column of the prompt's first row, and erases all that follows. */
function toErased(lines: Interface): string {
  const { rows } = lines.getCursorPos();
  return `${rows > 0 ? `\u001b[${rows}A` : ""}\r\u001b[J`;
}
