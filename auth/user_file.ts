/**
 * Users in a JSON file, read again when the file changes.
 *
 * @module
 */

import type { Principal } from "../src/authenticator.ts";
import { type Clock, systemClock } from "../src/clock.ts";
import { consoleLogger, type Logger, quote } from "../src/logger.ts";
import type { UpgradeRequest } from "../src/upgrade_request.ts";
import { type Fingerprint, toFingerprint } from "./compare.ts";
import { UserList, type UserStore } from "./users.ts";
import { WorkQueue } from "./work_queue.ts";

/** Options of {@link fileUserStore}. */
export interface FileUserStoreOptions {
  /** Takes the warning about plain-text passwords, and the errors of a file that has become unreadable. @default the console */
  readonly logger?: Pick<Logger, "warn" | "error"> | undefined;
}

/** Milliseconds between two looks at the file. */
const LOOK_EVERY = 1000;
const LARGEST = 16 * 2 ** 20;

/**
 * Reads users from a JSON file: a list of `{ username, password, scopes }`, or `{ "users": […] }`. It is read now, and again when a login
 * finds that it has changed, which is looked up at most once a second. A file that has become unreadable is logged, and the users stay as
 * they were.
 *
 * @param path The file, of 16 MiB at most
 * @throws {Error} If it cannot be read; the message names the file
 * @throws {TypeError} If a record is wrong; the message names the file and the record, and never repeats a password
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { basicAuth, fileUserStore, hashPassword } from "@switchboard/websocket/auth";
 *
 * const users = [{ username: "ann", password: await hashPassword("correct horse"), scopes: ["chat"] }];
 * await writeFile("/tmp/users.json", JSON.stringify(users));
 * export const auth = [basicAuth({ users: fileUserStore("/tmp/users.json"), scopes: ["chat"] })];
 * ```
 */
export function fileUserStore(path: string | URL, options: FileUserStoreOptions = {}): UserStore {
  const file = new UserFile(path, options.logger ?? consoleLogger, systemClock);
  return (username, password, request) => file.find(username, password, request);
}

/** A file of users as it was when it was last looked at. */
export class UserFile {
  readonly #path: string | URL;
  readonly #logger: Pick<Logger, "warn" | "error">;
  readonly #clock: Clock;
  readonly #queue = new WorkQueue();
  readonly #fingerprint: Fingerprint = toFingerprint();
  #list: UserList;
  #warned = false;
  /** What tells one state of the file from another. */
  #stamp: string;
  #lookedAt: number;
  #looking: Promise<void> | undefined;

  /** Reads the file. */
  constructor(path: string | URL, logger: Pick<Logger, "warn" | "error">, clock: Clock) {
    this.#path = path;
    this.#logger = logger;
    this.#clock = clock;
    this.#lookedAt = clock.now();
    const { readFileSync, statSync } = process.getBuiltinModule("node:fs");
    try {
      const stat = statSync(path);
      this.#stamp = toStamp(stat);
      checkSize(stat.size);
      this.#list = this.#read(readFileSync(path, "utf8"));
    } catch (error) {
      throw toReadError(path, error);
    }
  }

  /** Finds a user in the file as it is now, or was a second ago. */
  async find(username: string, password: string, request: UpgradeRequest): Promise<Principal | undefined> {
    if (this.#looking === undefined && this.#clock.now() - this.#lookedAt >= LOOK_EVERY) {
      this.#lookedAt = this.#clock.now();
      this.#looking = this.#look();
    }
    await this.#looking;
    return await this.#list.find(username, password, request);
  }

  /** Reads the file if it has changed. Never rejects. */
  async #look(): Promise<void> {
    const { readFile, stat } = process.getBuiltinModule("node:fs/promises");
    let stamp = "missing";
    try {
      const found = await stat(this.#path);
      stamp = toStamp(found);
      if (stamp === this.#stamp) return;
      checkSize(found.size);
      this.#list = this.#read(await readFile(this.#path, "utf8"));
    } catch (error) {
      // Once for each state of the file.
      if (stamp !== this.#stamp) {
        this.#logger.error(`${toReadError(this.#path, error).message}: its users stay as they were`);
      }
    } finally {
      this.#stamp = stamp;
      this.#looking = undefined;
    }
  }

  #read(text: string): UserList {
    const list = new UserList(toUsers(text), { queue: this.#queue, fingerprint: this.#fingerprint });
    if (list.plain > 0 && !this.#warned) {
      this.#warned = true;
      this.#logger.warn(toPlainWarning(list.plain, ` in ${quote(`${this.#path}`)}`));
    }
    return list;
  }
}

/** Says that passwords are kept as plain text, and what to do. */
export function toPlainWarning(plain: number, where: string): string {
  return `${plain === 1 ? "A user" : `${plain} users`}${where} with a plain-text password: make a hash with "switchboard hash-password"`;
}

function toUsers(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    // The error of the parser is not passed on: its message quotes the file, passwords included.
    throw new TypeError("it is not valid JSON");
  }
  if (typeof value === "object" && value !== null && "users" in value) return value.users;
  return value;
}

function checkSize(bytes: number): void {
  if (bytes > LARGEST) throw new RangeError(`it has ${bytes} bytes, and may have ${LARGEST}`);
}

function toReadError(path: string | URL, error: unknown): Error {
  const where = `Cannot read the users in ${quote(`${path}`)}`;
  if (error instanceof TypeError || error instanceof RangeError) return new TypeError(`${where}: ${error.message}`);
  const code = error instanceof Error && "code" in error ? `: ${error.code}` : "";
  return new Error(`${where}${code}`, { cause: error });
}

function toStamp(stat: { ino: number; size: number; mtimeMs: number; ctimeMs: number }): string {
  return [stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join();
}
