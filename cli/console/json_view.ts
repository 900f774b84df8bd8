/**
 * What happens, for scripts: one JSON object per line.
 *
 * @module
 */

import { type Encoding, fromBytes } from "./encoding.ts";
import { toSafeJson } from "./escape.ts";
import type { Happening, View } from "./happening.ts";
import type { Sink } from "./sink.ts";

/** Writes each event as a line of JSON. Pings and pongs are left out unless it is verbose; notes always. */
export class JsonView implements View {
  readonly #lines: Sink;
  readonly #style: { readonly verbose: boolean; readonly binary: Encoding; now(): Date };

  /** Writes to one sink. */
  constructor(lines: Sink, style: { readonly verbose: boolean; readonly binary: Encoding; now(): Date }) {
    this.#lines = lines;
    this.#style = style;
  }

  async show(happening: Happening): Promise<void> {
    const { verbose, now } = this.#style;
    if (happening.event === "note") return;
    if (!verbose && (happening.event === "ping" || happening.event === "pong")) return;
    const { event, ...rest } = happening;
    const line = { event, time: now().toISOString(), ...rest, ...this.#toBinary(happening) };
    await this.#lines.write(`${toSafeJson(line)}\n`);
  }

  #toBinary(happening: Happening): object {
    if (!("data" in happening) || typeof happening.data === "string") return {};
    const { binary: encoding } = this.#style;
    return { data: fromBytes(happening.data, encoding), encoding, size: happening.data.length };
  }
}
