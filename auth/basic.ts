/**
 * HTTP Basic (RFC 7617): name and password.
 *
 * @module
 */

import type { Authenticator } from "../src/authenticator.ts";
import { consoleLogger, type Logger } from "../src/logger.ts";
import { checkNames } from "../src/options.ts";
import { toBasicCredential } from "./basic_credential.ts";
import { toScopes } from "./endpoint_options.ts";
import { toRealm } from "./realm.ts";
import { toPlainWarning } from "./user_file.ts";
import { type User, UserList, type UserStore } from "./users.ts";

/** Options of {@link basicAuth}. */
export interface BasicAuthOptions {
  /** The users: a list, a file ({@link fileUserStore}), or a function that finds them. */
  readonly users: readonly User[] | UserStore;
  /** Any one of these scopes is needed; without it the refusal is 403. @default none is needed */
  readonly scopes?: readonly string[] | undefined;
  /** What the name and password are for, in `WWW-Authenticate`; a browser may show it. Printable ASCII. @default "websocket" */
  readonly realm?: string | undefined;
  /** Takes the warning about plain-text passwords in a list. @default the console */
  readonly logger?: Pick<Logger, "warn"> | undefined;
}

const NAMES: ReadonlySet<string> = new Set<keyof BasicAuthOptions>(["users", "scopes", "realm", "logger"]);

/**
 * Makes an authenticator for HTTP Basic. Names and passwords are compared in constant time, a name that nobody has takes as long as one
 * that somebody has, and at most two passwords are hashed at once while 32 wait; more are answered with 503.
 *
 * @throws {TypeError} If an option or a user is wrong; the message names it and never repeats a password
 *
 * @example
 * ```ts
 * import { upgrade } from "@switchboard/websocket";
 * import { basicAuth, hashPassword } from "@switchboard/websocket/auth";
 *
 * const users = [{ username: "ann", password: await hashPassword("correct horse"), scopes: ["chat"] }];
 * export const chat = upgrade({ auth: [basicAuth({ users, scopes: ["chat"] })] }, ({ principal }) => ({
 *   onOpen: () => `Hello ${principal?.subject}`,
 * }));
 * ```
 */
export function basicAuth(options: BasicAuthOptions): Authenticator {
  checkNames("basicAuth", options, NAMES);
  const { users, scopes, realm = "websocket", logger = consoleLogger } = options;
  const find = typeof users === "function" ? users : toStore(users, logger);
  return {
    scheme: "Basic",
    ...(scopes !== undefined && { scopes: toScopes("scopes", scopes) }),
    challenge: `${toRealm(realm)}, charset="UTF-8"`,
    async authenticate(credential, request) {
      const { username, password } = toBasicCredential(credential);
      return await find(username, password, request);
    },
  };
}

function toStore(users: readonly User[], logger: Pick<Logger, "warn">): UserStore {
  const list = toUserList(users);
  if (list.plain > 0) logger.warn(toPlainWarning(list.plain, " of basicAuth"));
  return (username, password, request) => list.find(username, password, request);
}

function toUserList(users: readonly User[]): UserList {
  try {
    return new UserList(users);
  } catch (error) {
    if (error instanceof TypeError) throw new TypeError(`Option ${error.message}`);
    throw error;
  }
}
