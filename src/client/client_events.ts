/**
 * What a client tells of itself; nobody needs to listen.
 *
 * @module
 */

/** How far a client has come. */
export type ClientState = "connecting" | "open" | "reconnecting" | "closing" | "closed";

/** How a connection has ended: the code and reason of the close frame, 1005 for one without a code, 1006 for none. */
export interface ClientClosure {
  /** The close code (RFC 6455, section 7.4). */
  readonly code: number;
  /** The reason, "" for none. */
  readonly reason: string;
}

/** `reconnecting`: the connection is lost, or an attempt has failed, and another follows. */
export class ReconnectingEvent extends Event {
  /** Which attempt follows, from 1; 1 again after a connection that was stable. */
  readonly attempt: number;
  /** Seconds until it is made. */
  readonly wait: number;
  /** Why. */
  readonly cause: Error;

  /** Tells of an attempt that follows. */
  constructor(attempt: number, wait: number, cause: Error) {
    super("reconnecting");
    this.attempt = attempt;
    this.wait = wait;
    this.cause = cause;
  }
}

/** `close`: the client has ended. */
export class ClientCloseEvent extends Event implements ClientClosure {
  /** The close code (RFC 6455, section 7.4). */
  readonly code: number;
  /** The reason, "" for none. */
  readonly reason: string;

  /** Tells of an end. */
  constructor({ code, reason }: ClientClosure) {
    super("close");
    this.code = code;
    this.reason = reason;
  }
}

/** What listens to an event: a function, or an object with `handleEvent`. */
export type ClientListener<Of> = ((event: Of) => void) | { handleEvent(event: Of): void } | null;

/** How it listens: what `EventTarget` takes, written out since the types of Node 22 and 24 do not name it. */
export interface ClientListenerOptions {
  /** Of no effect: a client is in no tree. */
  capture?: boolean;
  /** Once only. */
  once?: boolean;
  /** Of no effect: no event can be cancelled. */
  passive?: boolean;
  /** Ends the listening when it aborts. */
  signal?: AbortSignal;
}

/** `EventTarget` with the names and types of its events. */
export interface TypedEventTarget<Events> {
  /** Calls `listener` for each event of a type. */
  addEventListener<Name extends keyof Events & string>(
    type: Name,
    listener: ClientListener<Events[Name]>,
    options?: boolean | ClientListenerOptions,
  ): void;
  /** Calls it no more. */
  removeEventListener<Name extends keyof Events & string>(
    type: Name,
    listener: ClientListener<Events[Name]>,
    options?: boolean | Pick<ClientListenerOptions, "capture">,
  ): void;
  /** Belongs to the client. */
  dispatchEvent(event: Event): boolean;
}

/** The events of a client by their names. */
export interface ClientEvents {
  /** A connection is open, after those before it were lost. */
  readonly open: Event;
  /** The connection is lost, or an attempt has failed, and another follows. */
  readonly reconnecting: ReconnectingEvent;
  /** The client has ended. */
  readonly close: ClientCloseEvent;
  /** `client.state` has changed. */
  readonly statechange: Event;
}
