/**
 * The errors by which an upgrade handler refuses.
 *
 * @module
 */

import { WebSocketError } from "./errors.ts";

/** What an {@link UpgradeError} may set besides its message. */
export interface UpgradeErrorOptions extends ErrorOptions {
  /** The HTTP status of the refusal, 400 to 599. @default 400 */
  status?: number | undefined;
  /** Headers of the refusal. */
  headers?: Record<string, string> | undefined;
}

/**
 * Refuses an upgrade when it is returned from the upgrade handler: the message is the body of the response.
 *
 * @example
 * ```ts
 * import { upgrade, UpgradeError } from "@switchboard/websocket";
 *
 * export const rooms = upgrade(({ query }) => {
 *   if (!query.has("room")) return new UpgradeError("Name a room: ?room=…", { status: 422 });
 *   return { onOpen: () => "Welcome" };
 * });
 * ```
 */
export class UpgradeError extends WebSocketError {
  /** The HTTP status of the refusal. */
  readonly status: number;
  /** Headers of the refusal. */
  readonly headers: Readonly<Record<string, string>>;

  /** @throws {RangeError} If `status` is not from 400 to 599 */
  constructor(message: string, options: UpgradeErrorOptions = {}) {
    super(message, options, "upgrade_refused");
    const status = options.status ?? 400;
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`Cannot refuse an upgrade with status ${status}: must be 400-599`);
    }
    this.status = status;
    this.headers = options.headers ?? {};
  }

  override get name(): string {
    return "UpgradeError";
  }
}

/** The client has not proved who it is: 401 when this is returned from the upgrade handler. */
export class AuthnError extends WebSocketError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options, "unauthenticated");
  }

  override get name(): string {
    return "AuthnError";
  }
}

/** The client has proved who it is, and may not connect: 403 when this is returned from the upgrade handler. */
export class AuthzError extends WebSocketError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options, "forbidden");
  }

  override get name(): string {
    return "AuthzError";
  }
}
