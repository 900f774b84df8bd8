/**
 * Reads the files that TLS options name.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { SslError } from "../src/errors.ts";

/** Reads a file of text. */
export async function readText(option: string, path: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(option, path));
}

/**
 * Reads a file.
 *
 * @throws {SslError} Naming option and path
 */
export async function readBytes(option: string, path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new SslError(`Cannot read ${option} ${JSON.stringify(path)}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES" || (error instanceof Error && error.name === "NotCapable")) return "not permitted";
  return error instanceof Error ? error.message : String(error);
}
