/**
 * Which view shows a connection, and where.
 *
 * @module
 */

import type { Streams } from "../command.ts";
import { ConsoleView } from "./console_view.ts";
import type { View } from "./happening.ts";
import { JsonView } from "./json_view.ts";
import { PromptSink, type PromptSlot } from "./prompt_sink.ts";
import type { Settings } from "./settings.ts";
import { OutputSink } from "./sink.ts";
import { hasColours, toPaint } from "./style.ts";

/** How a view is made. */
export interface ScreenOptions {
  /** Where the prompt will be. */
  readonly slot: PromptSlot;
  /** Called if nobody reads the output any more. */
  onBroken(): void;
  /** The time of day. */
  now(): Date;
}

/** Makes the view that the arguments and the streams ask for. */
export function toView(settings: Settings, streams: Streams, { slot, onBroken, now }: ScreenOptions): View {
  const { output, errors, environment = {} } = streams;
  const { json, pretty, binary, verbose, colours } = settings;
  const messages = new OutputSink(output, onBroken);
  if (json) return new JsonView(messages, { verbose, binary: binary ?? "base64", now });
  const notes = new OutputSink(errors, () => {});
  return new ConsoleView(new PromptSink(slot, messages), new PromptSink(slot, notes), {
    marks: output.isTTY === true,
    pretty: pretty || output.isTTY === true,
    binary,
    verbose,
    paint: {
      messages: toPaint(colours && hasColours(output.isTTY, environment)),
      notes: toPaint(colours && hasColours(errors.isTTY, environment)),
    },
    now,
  });
}
