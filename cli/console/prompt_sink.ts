/**
 * Where lines are written while there is a prompt.
 *
 * @module
 */

import type { Editor } from "../command.ts";
import type { Sink } from "./sink.ts";

/** Holds the prompt, if there is one. */
export interface PromptSlot {
  editor?: Editor;
}

/** Writes above the prompt, and elsewhere while there is none. */
export class PromptSink implements Sink {
  readonly #slot: PromptSlot;
  readonly #elsewhere: Sink;

  constructor(slot: PromptSlot, elsewhere: Sink) {
    this.#slot = slot;
    this.#elsewhere = elsewhere;
  }

  async write(text: string): Promise<void> {
    if (this.#slot.editor === undefined) await this.#elsewhere.write(text);
    else this.#slot.editor.print(text);
  }
}
