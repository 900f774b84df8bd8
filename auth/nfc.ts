/**
 * Names and passwords in one form of Unicode.
 *
 * @module
 */

// From what is no mark, so that a long run is looked at once.
const MANY_MARKS = /(?:^|\P{M})\p{M}{31}/u;

/**
 * Brings a text into form NFC. A text with over 30 marks in a row, which no language writes (UAX #15, Stream-Safe Text), stays as it is: to put n
 * of them in order takes the runtimes n² steps.
 */
export function toNfc(text: string): string {
  return MANY_MARKS.test(text) ? text : text.normalize("NFC");
}
