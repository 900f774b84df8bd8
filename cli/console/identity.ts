/**
 * Who connects, and the files of TLS.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import type { ClientAuth } from "../../src/client/client_credential.ts";
import type { ClientSecureSocket } from "../../src/client/client_secure_socket.ts";
import { isPem } from "../../src/secure_socket.ts";
import { type Streams, UsageError } from "../command.ts";
import { readSecret } from "../read_secret.ts";
import type { Settings } from "./settings.ts";

/**
 * Finds the credential: of the arguments, of the URL, or of the environment. A password is asked for where somebody can type it.
 *
 * @throws {UsageError} If a file cannot be read, or there is no password
 */
export async function toAuth(settings: Settings, streams: Streams): Promise<ClientAuth | undefined> {
  const { SWITCHBOARD_TOKEN: token = "" } = streams.environment ?? {};
  const { identity } = settings;
  const { username, password } = new URL(settings.url);
  if (identity?.kind === "token") return { token: identity.token };
  if (identity?.kind === "file") return await toFileAuth(identity.path);
  if (identity?.kind === "user") return { username: identity.name, password: await toPassword(streams) };
  if (username !== "" && password === "") {
    return { username: decodeURIComponent(username), password: await toPassword(streams) };
  }
  return username === "" && token !== "" ? { token } : undefined;
}

/**
 * Reads the files of TLS.
 *
 * @throws {UsageError} If one cannot be read, or holds no PEM text
 */
export async function toSecureSocket(settings: Settings): Promise<ClientSecureSocket | undefined> {
  const { ca, cert, key, insecure } = settings;
  if (ca === undefined && cert === undefined && !insecure) return undefined;
  return {
    ...(ca !== undefined && { ca: await readPem("ca", ca) }),
    ...(cert !== undefined && { cert: await readPem("cert", cert) }),
    ...(key !== undefined && { key: await readPem("key", key) }),
    ...(insecure && { rejectUnauthorized: false }),
  };
}

// Read for every attempt, for whoever writes it may renew the token; and once before, so that a wrong name is told at once.
async function toFileAuth(path: string): Promise<ClientAuth> {
  const readToken = async () => ({ token: (await read("token-file", path)).trim() });
  const { token } = await readToken();
  if (token === "") throw new UsageError(`Option --token-file names ${JSON.stringify(path)}, which is empty`);
  return readToken;
}

async function toPassword(streams: Streams): Promise<string> {
  const { SWITCHBOARD_PASSWORD: password = "" } = streams.environment ?? {};
  if (password !== "") return password;
  if (streams.input.isTTY === true) return await readSecret(streams.input, streams.errors, 1);
  throw new UsageError("The password can be asked for at a terminal only: set SWITCHBOARD_PASSWORD");
}

// The client would take what is no PEM text for a path, and show it.
async function readPem(option: string, path: string): Promise<string> {
  const text = await read(option, path);
  if (isPem(text)) return text;
  throw new UsageError(`Option --${option} names ${JSON.stringify(path)}, which holds no PEM text`);
}

async function read(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${error.code})` : "";
    throw new UsageError(`Option --${option} names ${JSON.stringify(path)}, which cannot be read${code}`);
  }
}
