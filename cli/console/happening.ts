/**
 * What happens to a connection, as it is shown.
 *
 * @module
 */

/** Something that happened. */
export type Happening =
  | { readonly event: "open"; readonly url: string; readonly subprotocol: string; readonly again: boolean }
  | { readonly event: "text"; readonly data: string }
  | { readonly event: "binary"; readonly data: Uint8Array }
  | { readonly event: "ping"; readonly data: Uint8Array }
  /** `wait` is the time since the ping that it answers, in seconds. */
  | { readonly event: "pong"; readonly data: Uint8Array; readonly wait: number | undefined }
  /** `wait` is in seconds; it and `attempt` are not known before there was a connection. */
  | {
      readonly event: "reconnecting";
      readonly attempt: number | undefined;
      readonly wait: number | undefined;
      readonly cause: string;
    }
  | { readonly event: "close"; readonly code: number; readonly reason: string; readonly by: "us" | "server" }
  | { readonly event: "refused"; readonly status: number; readonly phrase: string; readonly body: string }
  | { readonly event: "error"; readonly message: string }
  /** Something for people. */
  | { readonly event: "note"; readonly text: string };

/** Shows what happens. */
export interface View {
  /** Shows it; resolves when there is room for more. */
  show(happening: Happening): Promise<void>;
}
