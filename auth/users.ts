/**
 * Users in a list, and how one of them is found without telling who is in it.
 *
 * @module
 */

import type { Principal } from "../src/authenticator.ts";
import type { UpgradeRequest } from "../src/upgrade_request.ts";
import { type Fingerprint, isEqual, toFingerprint } from "./compare.ts";
import { toNfc } from "./nfc.ts";
import { matches, toPasswordProblem } from "./password.ts";
import { type PasswordHash, toPasswordHash } from "./password_hash.ts";
import { isRecord } from "./record.ts";
import { WorkQueue } from "./work_queue.ts";

/** A user of a list or a file. */
export interface User {
  /** The name, without a colon, which Basic cannot carry there. */
  readonly username: string;
  /** A hash as {@link hashPassword} makes it, or the password itself, which gives a warning. */
  readonly password: string;
  /** What the user may do. @default [] */
  readonly scopes?: readonly string[];
}

/**
 * Finds who has this name and this password; `undefined` if nobody has.
 *
 * Either text may be empty. A service that is asked in turn must not be asked with an empty password: LDAP takes it for an anonymous login
 * that succeeds (RFC 4513, section 5.1.2).
 */
export type UserStore = (
  username: string,
  password: string,
  request: UpgradeRequest,
) => Principal | undefined | Promise<Principal | undefined>;

/** What is done for every login. */
export interface UserListTools {
  /** Bounds the hashing. */
  readonly queue?: Pick<WorkQueue, "run">;
  /** Fingerprints names and plain passwords. */
  readonly fingerprint?: Fingerprint;
}

interface Entry {
  readonly principal: Principal;
  /** The fingerprint of a plain password, or a hash. */
  readonly secret: Uint8Array | PasswordHash;
}

/** A list of users that can be asked. Plain passwords are not kept. */
export class UserList {
  /** How many have a plain-text password. */
  readonly plain: number;
  // The keys are fingerprints: a name chosen by a peer finds nothing by its likeness to another.
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #all: readonly Entry[];
  readonly #queue: Pick<WorkQueue, "run">;
  readonly #fingerprint: Fingerprint;

  /**
   * Checks the users.
   *
   * @throws {TypeError} If one is wrong; the message names its place in the list, and never repeats a password
   */
  constructor(users: unknown, { queue = new WorkQueue(), fingerprint = toFingerprint() }: UserListTools = {}) {
    this.#queue = queue;
    this.#fingerprint = fingerprint;
    const entries = new Map<string, Entry>();
    for (const [index, value] of toList(users).entries()) {
      const { username, password, scopes = [] } = toUser(value, `users[${index}]`);
      const key = this.#key(username);
      if (entries.has(key)) throw new TypeError(`users[${index}].username is that of an earlier user`);
      const principal = { subject: username, scopes: [...scopes], claims: {} };
      entries.set(key, { principal, secret: toSecret(password, `users[${index}]`, fingerprint) });
    }
    this.#entries = entries;
    this.#all = [...entries.values()];
    this.plain = this.#all.filter(({ secret }) => secret instanceof Uint8Array).length;
  }

  /** Finds the user of this name and password. Both are compared in Unicode's form NFC. */
  async find(username: string, password: string, request: UpgradeRequest): Promise<Principal | undefined> {
    const key = this.#key(username);
    const known = this.#entries.get(key);
    // Chosen for a known name too: finding it takes time that could be measured.
    const decoy = this.#decoy(key);
    const entry = known ?? decoy;
    if (entry === undefined || !(await this.#fits(password, entry.secret, request))) return undefined;
    return known?.principal;
  }

  #key(username: string): string {
    return toHex(this.#fingerprint(toNfc(username)));
  }

  /** The user whose password is checked for a name that nobody has, always the same for the same name: so that it takes as long as a known one. */
  #decoy(key: string): Entry | undefined {
    return this.#all[Number.parseInt(key.slice(0, 8), 16) % this.#all.length];
  }

  async #fits(password: string, secret: Entry["secret"], request: UpgradeRequest): Promise<boolean> {
    if (secret instanceof Uint8Array) return isEqual(this.#fingerprint(toNfc(password)), secret);
    return await this.#queue.run(() => matches(password, secret), request);
  }
}

function toList(users: unknown): readonly unknown[] {
  if (Array.isArray(users)) return users;
  throw new TypeError("users must be a list of { username, password, scopes }");
}

function toUser(value: unknown, place: string): User {
  if (!isRecord(value)) throw new TypeError(`${place} must be an object { username, password, scopes }`);
  const { username, password, scopes = [], ...rest } = value;
  const [strange] = Object.keys(rest);
  if (strange !== undefined) throw new TypeError(`${place} may have username, password and scopes only`);
  if (typeof username !== "string" || username === "" || /[:\p{Cc}]/u.test(username)) {
    throw new TypeError(`${place}.username must be a string that is not empty, without colons and control characters`);
  }
  if (typeof password !== "string") throw new TypeError(`${place}.password must be a string`);
  const problem = toPasswordProblem(password);
  if (problem !== undefined) throw new TypeError(`${place}.password ${problem}`);
  if (!isStrings(scopes)) throw new TypeError(`${place}.scopes must be a list of strings that are not empty`);
  return { username, password, scopes };
}

function toSecret(password: string, place: string, fingerprint: Fingerprint): Entry["secret"] {
  // A hash of another kind is refused: taken for plain text, the hash itself would be the password.
  const isHash = /^(?:scrypt|pbkdf2)\$|^\$[\w-]+\$|^\{[\w-]+\}/.test(password);
  if (!isHash) return fingerprint(toNfc(password));
  try {
    return toPasswordHash(password);
  } catch (error) {
    if (error instanceof TypeError) throw new TypeError(`${place}.password: ${error.message}`);
    throw error;
  }
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string" && item !== "");
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
