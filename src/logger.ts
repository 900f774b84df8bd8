/**
 * Where the module writes what nobody else hears.
 *
 * @module
 */

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

/** The console, without `debug`. */
export const consoleLogger: Logger = {
  debug: () => {},
  info: (message, ...details) => console.info(message, ...details),
  warn: (message, ...details) => console.warn(message, ...details),
  error: (message, ...details) => console.error(message, ...details),
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

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
