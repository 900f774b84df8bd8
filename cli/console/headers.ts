/**
 * Headers and cookies of the command line.
 *
 * @module
 */

import { UsageError } from "../command.ts";

// What belongs to the handshake itself (RFC 6455, section 4.1).
const OURS = /^(?:connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/i;
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;

/**
 * Reads `Name: value`; values of one name are joined by commas (RFC 9110, section 5.3).
 *
 * @throws {UsageError} If one is none; its value is not repeated, as it may be secret
 */
export function toHeaders(lines: readonly string[]): Record<string, string> {
  const values = new Map<string, { name: string; value: string }>();
  for (const line of lines) {
    const [, name = "", value = ""] = /^([^:]*):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? [];
    if (!TOKEN.test(name)) throw new UsageError(`Option --header must be "Name: value"`);
    if (OURS.test(name)) throw new UsageError(`Option --header names "${name}", which the handshake sets itself`);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new UsageError(`Option --header names ${JSON.stringify(name)} a value that no header can have`);
    }
    const before = values.get(name.toLowerCase());
    values.set(name.toLowerCase(), { name, value: before === undefined ? value : `${before.value}, ${value}` });
  }
  return Object.fromEntries([...values.values()].map(({ name, value }) => [name, value]));
}

/**
 * Reads `NAME=VALUE`.
 *
 * @throws {UsageError} If one is none; it is not repeated, as it may be secret
 */
export function toPairs(cookies: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    cookies.map((cookie) => {
      const [, name = "", value = ""] = /^([^=]*)=(.*)$/s.exec(cookie) ?? [];
      if (!TOKEN.test(name) || !/^[\x21-\x3a\x3c-\x7e]*$/.test(value)) {
        throw new UsageError("Option --cookie must be NAME=VALUE, without spaces and semicolons");
      }
      return [name, value];
    }),
  );
}
