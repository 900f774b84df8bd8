/**
 * A service over one outgoing connection after another.
 *
 * @module
 */

import type { Caller } from "../caller.ts";
import { type Clock, systemClock } from "../clock.ts";
import { checkClose } from "../close_code.ts";
import { ServiceConnection } from "../connection.ts";
import { callbacksOf } from "../contract/contract_service.ts";
import { ConnectionClosureError, WebSocketError } from "../errors.ts";
import { Host } from "../host.ts";
import { toClosureTimeout } from "../options.ts";
import { isPromise } from "../reply.ts";
import type { Service } from "../service.ts";
import { isService, nameNoService } from "../service_value.ts";
import type { ClientClosure, ClientState } from "./client_events.ts";
import { clientClock, type Dialer, type DialerUser, toClosure, toDialer } from "./dialer.ts";
import { guarded, type Message } from "./message.ts";
import type { RunRules } from "./run_config.ts";
import { toRunCapabilities, toRunSocket } from "./run_socket.ts";
import type { Handshake, Transport, TransportSocket } from "./transport.ts";

/** A service, or what makes one for each connection. */
export type ServiceSource = Service | (() => Service);

/** A service that runs over an outgoing connection, and with `retryConfig` over the next one when it is lost. */
export interface RunningService extends AsyncDisposable {
  /** The server as the service speaks to it; after a loss the one of the last connection, until there is another. */
  readonly caller: Caller;
  /** How far it has come. */
  readonly state: ClientState;
  /** Resolves at the end with its code and reason: our own if we closed, 1006 for a lost connection. Never rejects. */
  readonly closed: Promise<ClientClosure>;
  /**
   * Closes the connection, or gives up reconnecting, for good. Resolves when it is down. Later calls do nothing but wait for the same end.
   *
   * @param statusCode 1000-1003, 1007-1014 or 3000-4999. @default 1000
   * @param reason At most 123 bytes of UTF-8. @default ""
   * @param timeout Seconds to wait for the server's close frame, then the connection is dropped; -1 waits for ever. @default `connectionClosureTimeout`
   * @throws {RangeError} If one of them is not allowed, before anything is written
   */
  close(statusCode?: number, reason?: string, timeout?: number): Promise<void>;
  /** Closes with 1000. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The time that a run sees: that of its attempts, which keep the process alive, and that of its connections, which do not. */
export interface RunClocks {
  readonly dialer: Clock;
  readonly host: Clock;
}

/** Dials, and opens the service anew over each connection. */
export class RunSession implements DialerUser {
  /** How far it has come. */
  state: ClientState = "connecting";
  /** Settles with the first connection, or when there will be none. */
  readonly first: PromiseWithResolvers<RunningService> = Promise.withResolvers();
  /** Resolves at the end. */
  readonly end: PromiseWithResolvers<ClientClosure> = Promise.withResolvers();
  readonly #source: ServiceSource;
  readonly #rules: RunRules;
  readonly #host: Host;
  readonly #dialer: Dialer;
  #socket: TransportSocket | undefined;
  #connection: RunConnection | undefined;

  /** Begins to dial. */
  constructor(
    source: ServiceSource,
    rules: RunRules,
    transport: Transport,
    clocks: RunClocks = { dialer: clientClock, host: systemClock },
  ) {
    this.#source = source;
    this.#rules = rules;
    this.#host = new Host(toRunCapabilities(transport), rules.host, clocks.host);
    this.#dialer = toDialer(rules.client, transport, this, clocks.dialer);
    transport.observe?.({
      onPing: (data) => this.#connection?.ping(data),
      onPong: (data) => this.#connection?.pong(data),
    });
    // Who runs it may have been told by the signal.
    void guarded(this.first.promise);
    const { signal } = rules.client;
    signal?.addEventListener("abort", this.#abort);
    if (signal?.aborted) this.#abort();
    else this.#dialer.dial();
  }

  /** Closes for good; resolves at the end. */
  async close(code = 1000, reason = "", seconds?: number): Promise<void> {
    checkClose(code, reason);
    const closure = this.#rules.service.closureTimeout;
    const timeout = seconds === undefined ? closure : toClosureTimeout("timeout", seconds);
    if (this.state !== "closing" && this.state !== "closed") {
      this.state = "closing";
      // One that the server is closing, or that is down, takes no close frame any more.
      if (this.#connection?.caller.isOpen) this.#connection.close(code, reason, seconds);
      else this.#dialer.close(code, reason, timeout < 0 ? -1 : timeout / 1000);
    }
    await this.end.promise;
  }

  opened(raw: TransportSocket, { protocol }: Handshake): void {
    const service = this.#serve();
    this.#socket = raw;
    const socket = toRunSocket(raw, this.#dialer, {
      isCurrent: () => this.#socket === raw,
      closing: () => {
        this.state = "closing";
      },
    });
    const isSecure = this.#rules.client.url.startsWith("wss:");
    const details = { protocol, peer: {}, isSecure };
    const connection = new RunConnection(service, socket, this.#rules.service, this.#host, details);
    this.#connection = connection;
    this.state = "open";
    connection.start();
    this.first.resolve(toHandle(this, () => this.#connection ?? connection));
  }

  message(data: Message): void {
    if (typeof data === "string") this.#connection?.text(data);
    else this.#connection?.binary(data);
  }

  waiting(_attempt: number, wait: number, cause: Error): void {
    this.#lose(cause);
    if (this.state === "open") this.state = "reconnecting";
    this.#host.logger.debug(`Connecting again in ${wait.toFixed(1)} s`, cause);
  }

  ended(cause: Error): void {
    if (this.state === "closed") return;
    const { signal } = this.#rules.client;
    signal?.removeEventListener("abort", this.#abort);
    this.#lose(cause);
    // The service has heard of the connection's end, but not of why there is no other.
    if (this.state === "reconnecting" && !signal?.aborted) this.#host.logger.error("Cannot connect again", cause);
    this.state = "closed";
    this.first.reject(signal?.aborted ? signal.reason : cause);
    const { statusCode: code = 1006, reason = "" } = cause instanceof ConnectionClosureError ? cause : {};
    this.end.resolve({ code, reason });
  }

  readonly #abort = (): void => {
    this.#dialer.end(toClosure(1006, "", this.#rules.client.signal?.reason));
  };

  #lose(cause: Error): void {
    const { statusCode = 1006, reason = "" } = cause instanceof ConnectionClosureError ? cause : {};
    this.#socket = undefined;
    if (cause.cause instanceof WebSocketError) this.#connection?.failed(statusCode, cause.cause);
    this.#connection?.closed(statusCode, reason);
  }

  // What cannot be made ends as if its `onOpen` had failed: with a line of the log and 1011.
  #serve(): Service {
    try {
      return this.#make();
    } catch (error) {
      this.first.reject(error);
      return {
        onOpen() {
          throw error;
        },
      };
    }
  }

  #make(): Service {
    const source = this.#source;
    const service: unknown = typeof source === "function" ? source() : source;
    if (!isService(service) || isPromise(service)) {
      const what = isPromise(service) ? "a promise" : nameNoService(service);
      throw new TypeError(`Cannot run ${what}: must be a service`);
    }
    const { onPing, onPong } = callbacksOf(service);
    if ((onPing ?? onPong) !== undefined && !this.#host.capabilities.ping) {
      this.#host.warnOnce(
        `A service has onPing or onPong, which transport "${this.#host.capabilities.engine}" never calls: use transport "ws", off the browser`,
      );
    }
    return service;
  }
}

/** A service over one of the connections. */
class RunConnection extends ServiceConnection {
  /** Closes, and not on behalf of the service: what it replies afterwards is no mistake of its own. */
  close(code: number, reason: string, seconds: number | undefined): void {
    void this.outbox.close(code, reason, seconds);
  }
}

function toHandle(session: RunSession, last: () => RunConnection): RunningService {
  return {
    get caller() {
      return last().caller;
    },
    get state() {
      return session.state;
    },
    closed: session.end.promise,
    close: (statusCode, reason, timeout) => session.close(statusCode, reason, timeout),
    [Symbol.asyncDispose]: () => session.close(),
  };
}
