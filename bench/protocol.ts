/** What the bench asks of its generator and of its servers: one JSON value a line. */

/** A server under load. */
export interface Target {
  readonly port: number;
  /** Its process, whose CPU time is read. */
  readonly pid: number;
}

/** Connections that each keep some messages in flight and get them echoed. */
export interface EchoLoad {
  readonly kind: "echo";
  readonly connections: number;
  readonly inFlight: number;
  readonly bytes: number;
  readonly binary: boolean;
}

/** One connection whose messages go out to all; `inFlight` of them are sent at once, the next when all have come everywhere. */
export interface BroadcastLoad {
  readonly kind: "broadcast";
  readonly connections: number;
  readonly inFlight: number;
  readonly bytes: number;
}

/** Loops that each connect, close, and connect again. */
export interface ChurnLoad {
  readonly kind: "churn";
  readonly connections: number;
}

export type Load = EchoLoad | BroadcastLoad | ChurnLoad;

export type Command =
  | { readonly op: "verify"; readonly target: Target }
  | {
      readonly op: "load";
      readonly target: Target;
      readonly load: Load;
      readonly warmUp: number;
      readonly window: number;
    }
  | { readonly op: "hold"; readonly target: Target; readonly connections: number }
  | { readonly op: "release" }
  | { readonly op: "resident"; readonly target: Target };

/** What happened in a window. */
export interface Window {
  /** Messages that came back, deliveries, or connections. */
  readonly count: number;
  /** Nanoseconds of CPU that the server took, kernel included, all threads. */
  readonly cpu: number;
  /** Nanoseconds of CPU that the generator took. */
  readonly generatorCpu: number;
  /** Nanoseconds that passed. */
  readonly time: number;
}

/** What a client is asked to do: connections that each keep some messages in flight and get them echoed; times in milliseconds. */
export interface ClientLoad {
  readonly connections: number;
  readonly inFlight: number;
  readonly warmUp: number;
  /** Messages that come back before the window, however long that takes: code is compiled by use, not by time. */
  readonly least: number;
  readonly window: number;
}

/** What a client did in a window. */
export type ClientWindow = Pick<Window, "count" | "cpu">;
