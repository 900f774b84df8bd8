/**
 * What goes out with an id, and what comes back for it (rule C5).
 *
 * @module
 */

import type { ContractLine } from "../../client/contract_line.ts";
import type { Message } from "../../client/message.ts";
import type { Clock } from "../../clock.ts";
import { ConnectionClosureError, ConnectionError } from "../../errors.ts";
import { Envelope } from "../envelope.ts";
import type { ContractRules } from "../rules.ts";
import { Backlog } from "./backlog.ts";
import { type Frame, type Payload, toFrame, toRequestError } from "./frame.ts";
import type { Items } from "./items.ts";

/** Who waits for answers to one id. */
export interface Pending {
  /** Whether answers follow one another until `complete`. */
  readonly isStream: boolean;
  /** Whether it asks again after a reconnection. */
  readonly resubscribes: boolean;
  /** An answer has come; false if it finds no room. */
  answer(payload: Payload, size: number): boolean;
  /** The last answer has come. */
  complete(): void;
  /** There will be no answer. */
  fail(error: unknown): void;
}

interface Entry {
  readonly pending: Pending;
  readonly text: string;
  /** Takes it back while it waits. Made where it will wait: most requests go out at once. */
  readonly aborter: AbortController | undefined;
  /** Whether the message waits to be sent, was handed to a connection, or to one that was lost. */
  status: "queued" | "sent" | "lost";
}

/** The part of a connection that a message is written with. */
type Outlet = Pick<ContractLine, "writeTextMessage">;

/** Sends requests, and gives each message that comes to who waits for it. */
export class Exchange {
  /** What nobody has taken yet. */
  readonly backlog: Backlog = new Backlog();
  readonly envelope: Envelope;
  readonly line: ContractLine;
  readonly clock: Clock;
  /** Messages that came and that nobody waited for. */
  dropped = 0;
  readonly #rules: ContractRules;
  readonly #entries: Map<unknown, Entry> = new Map();
  readonly #pushes: Map<string, Set<Items>> = new Map();
  #lastId = 0;
  // How often a connection was lost, or could not be made.
  #losses = 0;
  #isOver = false;

  constructor(rules: ContractRules, line: ContractLine, clock: Clock) {
    this.envelope = new Envelope(rules);
    this.#rules = rules;
    this.line = line;
    this.clock = clock;
    line.addEventListener("reconnecting", () => this.#lost());
    line.addEventListener("statechange", () => {
      if (line.state === "closing")
        this.#drain(() => this.#finish(new ConnectionClosureError("The client was closed")));
    });
  }

  /** Gives an id that no other request of this client has. */
  toId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }

  /** Sends what has no answer. */
  send(text: string): Promise<void> {
    const { backlog } = this;
    const written = this.line.writeTextMessage(text);
    // A service that does not read since it is not read would keep it waiting for ever.
    backlog.waits(1);
    const done = (): void => backlog.waits(-1);
    written.then(done, done);
    return written;
  }

  /** Sends a request. */
  ask(id: string, text: string, pending: Pending): void {
    const aborter = this.line.state === "open" ? undefined : new AbortController();
    const entry: Entry = { pending, text, aborter, status: "queued" };
    this.#entries.set(id, entry);
    this.#write(id, entry, this.line).catch((error) => {
      if (this.#remove(id, entry)) pending.fail(error);
    });
  }

  /** Sends a request again whose connection was lost. */
  async askAgain(id: string, connection: Outlet): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry?.status === "lost") await this.#write(id, entry, connection);
  }

  /** Waits no more, and tells the service. */
  forget(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    if (entry.status === "queued") entry.aborter?.abort();
    // What was asked of another connection has ended with that.
    if (entry.status === "lost" || entry.aborter?.signal.aborted) return;
    this.#cancel(id);
  }

  /** Lets a queue get the pushes of a type. */
  subscribe(type: string, items: Items): void {
    if (this.#isOver) return items.end();
    const queues = this.#pushes.get(type);
    if (queues === undefined) this.#pushes.set(type, new Set([items]));
    else queues.add(items);
  }

  /** Lets it get no more. */
  unsubscribe(type: string, items: Items): void {
    this.#pushes.get(type)?.delete(items);
  }

  /** Drops the oldest push of the longest queue: those who read shall not lose by those who do not. False if no push waits. */
  dropPush(): boolean {
    let longest: Items | undefined;
    for (const queues of this.#pushes.values()) {
      for (const items of queues) if (items.count > (longest?.count ?? 0)) longest = items;
    }
    if (longest === undefined) return false;
    longest.drop();
    this.dropped += 1;
    return true;
  }

  /** Reads until the end. */
  async read(): Promise<void> {
    const { line, backlog, clock } = this;
    const next = line.readMessage.bind(line);
    // Pushes that have come with the connection are for those who ask for them as soon as they have the client.
    await new Promise<void>((resolve) => clock.schedule(resolve, 0));
    for (;;) {
      const rest = backlog.rest();
      if (rest !== undefined) await rest;
      try {
        this.#take(await next());
      } catch (error) {
        // Of option readTimeout: there is always a read, so one that takes long means nothing.
        if (Object(error).code !== "read_timed_out") return this.#finish(error);
      }
    }
  }

  #cancel(id: string): void {
    this.line.writeTextMessage(this.envelope.write(this.#rules.reserved.cancel, id)).catch(() => {});
  }

  async #write(id: string, entry: Entry, outlet: Outlet): Promise<void> {
    const losses = this.#losses;
    await outlet.writeTextMessage(entry.text, entry.aborter && { signal: entry.aborter.signal });
    entry.status = "sent";
    // It was handed over before it could be taken back.
    if (entry.aborter?.signal.aborted) return this.#cancel(id);
    // Else it went to a connection that is gone already.
    if (losses !== this.#losses && this.line.state !== "open") this.#lose([[id, entry]]);
  }

  #take(message: Message): void {
    const frame = typeof message === "string" ? toFrame(message, this.#rules) : undefined;
    if (frame === undefined || !this.#give(frame)) this.dropped += 1;
  }

  #give(frame: Frame): boolean {
    return frame.id === undefined ? this.#push(frame) : this.#answer(frame);
  }

  #answer({ id, type, payload, size }: Frame): boolean {
    const { complete, error, cancel } = this.#rules.reserved;
    const entry = this.#entries.get(id);
    if (entry === undefined || type === cancel) return false;
    const { pending } = entry;
    if (pending.isStream && type !== complete && type !== error) return pending.answer(payload, size);
    this.#entries.delete(id);
    if (type === complete) pending.complete();
    else if (type === error) pending.fail(toRequestError(payload));
    else pending.answer(payload, size);
    return true;
  }

  #push({ type, payload, size }: Frame): boolean {
    const queues = this.#pushes.get(type);
    if (queues === undefined || queues.size === 0) return false;
    for (const items of queues) {
      while (!items.add(payload, size)) {
        if (this.dropPush()) continue;
        this.dropped += 1;
        break;
      }
    }
    return true;
  }

  // What was handed to the connection may have been executed, so only a stream that wants it is asked for again.
  #lost(): void {
    this.#losses += 1;
    this.#lose([...this.#entries].filter(([, { status }]) => status === "sent"));
  }

  #lose(entries: readonly (readonly [unknown, Entry])[]): void {
    if (entries.length === 0) return;
    for (const [, entry] of entries) entry.status = "lost";
    this.#drain(() => {
      for (const [id, entry] of entries) {
        if (entry.pending.resubscribes || !this.#remove(id, entry)) continue;
        entry.pending.fail(new ConnectionError("The connection was lost before the answer had come"));
      }
    });
  }

  // What was received before the end of a connection is read without a pause; that takes no longer than this turn.
  #drain(then: () => void): void {
    this.backlog.drain(true);
    this.clock.schedule(() => {
      this.backlog.drain(false);
      then();
    }, 0);
  }

  #finish(error: unknown): void {
    this.#isOver = true;
    for (const [id, entry] of [...this.#entries]) if (this.#remove(id, entry)) entry.pending.fail(error);
    for (const queues of this.#pushes.values()) for (const items of queues) items.end();
    this.#pushes.clear();
  }

  #remove(id: unknown, entry: Entry): boolean {
    return this.#entries.get(id) === entry && this.#entries.delete(id);
  }
}
