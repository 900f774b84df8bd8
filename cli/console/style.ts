/**
 * Colours of a terminal. They only repeat what words and marks say.
 *
 * @module
 */

/** What a line is. */
export type Tone = "received" | "note" | "error";

const CODES: Readonly<Record<Tone, string>> = { received: "36", note: "2", error: "31" };

/** Gives text a colour. */
export type Paint = (tone: Tone, text: string) => string;

/** Paints, or leaves text as it is. */
export function toPaint(colours: boolean): Paint {
  return (tone, text) => (colours ? `\u001b[${CODES[tone]}m${text}\u001b[0m` : text);
}

/**
 * Tells whether an output gets colours.
 *
 * @param environment `NO_COLOR` turns them off, whatever it says (no-color.org), and so does the terminal "dumb"
 */
export function hasColours(
  isTTY: boolean | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  const { NO_COLOR = "", TERM } = environment;
  return isTTY === true && NO_COLOR === "" && TERM !== "dumb";
}
