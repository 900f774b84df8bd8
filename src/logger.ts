/**
 * Where the module writes what nobody else hears.
 *
 * @module
 */

import { isError } from "./thrown.ts";

/** Takes one line per event; `console` is one. */
export interface Logger {
  /** What only somebody who is looking for a fault wants to read. */
  debug(message: string, ...details: unknown[]): void;
  /** What is worth a line: a refusal, a gap of an engine. */
  info(message: string, ...details: unknown[]): void;
  /** What somebody should look at. */
  warn(message: string, ...details: unknown[]): void;
  /** A fault of the service. */
  error(message: string, ...details: unknown[]): void;
}

/** The console, without `debug`. What a peer has sent forges no line and moves no cursor, in the message of an error either: that of `JSON.parse` holds some of it. */
export const consoleLogger: Logger = {
  debug: () => {},
  info: (message, ...details) => console.info(message, ...toPrintable(details)),
  warn: (message, ...details) => console.warn(message, ...toPrintable(details)),
  error: (message, ...details) => console.error(message, ...toPrintable(details)),
};

/** Makes a logger whose faults disturb nobody. */
export function toSafeLogger(logger: Logger): Logger {
  const guard = (level: keyof Logger): Logger["error"] => {
    return (message, ...details) => {
      try {
        const logged: unknown = logger[level](message, ...details);
        // A method may be async: the type allows it.
        void Promise.resolve(logged).catch(() => {});
      } catch {
        // Where a logger's own faults could be told, nobody knows.
      }
    };
  };
  return { debug: guard("debug"), info: guard("info"), warn: guard("warn"), error: guard("error") };
}

const LONGEST = 256;

/**
 * Quotes what a peer sent for a log line or a message: control characters are escaped and it is cut at 256 characters, so that a peer can
 * neither forge a line nor fill the log.
 */
export function quote(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return JSON.stringify(cut).replace(/[\u007f-\u009f\u2028\u2029]/g, escapeUnit);
}

// All but tab and line feed.
const CONTROL = /(?![\t\n])[\p{Cc}\u2028\u2029]/gu;

// Causes of causes that are looked at.
const DEEPEST = 8;

function toPrintable(details: readonly unknown[], depth = 0): readonly unknown[] {
  return details.flatMap((detail) => (isError(detail) ? toPrintableError(detail, depth) : [detail]));
}

// An error with nothing to hide stays one, for a console shows more of it than its text.
function toPrintableError(error: Error, depth: number): readonly unknown[] {
  const { name, message, cause } = error;
  const stack = `${error.stack ?? ""}`;
  const text = stack.includes(message) ? stack : `${name}: ${message}\n${stack}`;
  const printable = text.replace(CONTROL, escapeUnit).replace(/\n(?=\S)/g, "\n    ");
  const causes = cause === undefined || depth === DEEPEST ? [cause] : toPrintable([cause], depth + 1);
  if (printable === text && causes[0] === cause) return [error];
  return cause === undefined ? [printable] : [printable, "\n  cause:", ...causes];
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
