/**
 * The request for an upgrade as its handler sees it.
 *
 * @module
 */

import type { Peer } from "./peer.ts";
import type { PeerCertificate } from "./peer_certificate.ts";
import type { Principal } from "./principal.ts";

/** The names that stand behind a colon in a path of Hono, as an object of strings. */
export type ParamsOf<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : { readonly [Name in RequiredNames<Path>]: string } & { readonly [Name in OptionalNames<Path>]?: string };

type Segments<Path extends string> = Path extends `${infer First}/${infer Rest}` ? First | Segments<Rest> : Path;
type Bare<Name extends string> = Name extends `${infer Before}{${string}` ? Before : Name;
type RequiredNames<Path extends string> = NameOf<Exclude<Segments<Path>, `:${string}?`>>;
type OptionalNames<Path extends string> =
  Segments<Path> extends infer Segment ? (Segment extends `:${infer Name}?` ? Bare<Name> : never) : never;
type NameOf<Segment extends string> = Segment extends `:${infer Name}` ? Bare<Name> : never;

/** What an upgrade service reads of a Hono context; any version of Hono fits. */
export interface UpgradeContext {
  /** The request. */
  readonly req: { readonly raw: Request; param(): unknown };
  /** What the adapter handed to the app. */
  readonly env: unknown;
  /** Sets a header of the response; when the handler accepts, of the 101. */
  header(name: string, value?: string, options?: { readonly append?: boolean }): void;
  /** Makes the response. */
  body(data: null): Response;
  /** Gives what middleware has set. */
  get(key: string): unknown;
}

// A schema may make nothing of a part, so `undefined` says nothing.
const UNREAD: unique symbol = Symbol("unread");

/**
 * A request for an upgrade: what the handler of `upgrade` gets.
 *
 * It may be taken apart (`({ params, query }) => …`) and kept: what was read once stays readable after the upgrade.
 */
export class UpgradeRequest<
  Path extends string = string,
  Context = UpgradeContext,
  Params = ParamsOf<Path>,
  Query = URLSearchParams,
  Fields = Headers,
> {
  /** The request as the runtime gave it. Some runtimes void it at the upgrade. */
  readonly raw: Request;
  readonly #context: UpgradeContext;
  readonly #peer: Peer;
  #params: unknown = UNREAD;
  #query: unknown = UNREAD;
  #headers: unknown = UNREAD;
  #url: URL | undefined;
  #cookies: ReadonlyMap<string, string> | undefined;
  #principal: Principal | undefined;
  #aborter: AbortController | undefined;
  #reason: Error | undefined;
  #isAnswered = false;
  #isContextRead = false;
  #letGo: (() => void) | undefined;

  /** Made by the upgrade service. */
  constructor(raw: Request, context: UpgradeContext, peer: Peer) {
    this.raw = raw;
    this.#context = context;
    this.#peer = peer;
  }

  /** The Hono context, with what middleware has set. Headers that are set there stand in the 101. */
  get context(): Context {
    this.#isContextRead = true;
    return trust(this.#context);
  }

  /** Whether somebody has asked for {@link context}, and may have set headers; read by the upgrade service. */
  get isContextRead(): boolean {
    return this.#isContextRead;
  }

  /** The parameters of the path, decoded; with a schema `params`, what it makes of them. */
  get params(): Params {
    if (this.#params === UNREAD) this.#params = this.#context.req.param();
    return trust(this.#params);
  }

  /** Who asks, with option `auth`. */
  get principal(): Principal | undefined {
    return this.#principal;
  }

  /** The address of the peer, where the engine tells it. */
  get remoteAddress(): string | undefined {
    return this.#peer.remoteAddress;
  }

  /** The certificate of the peer, if `secureSocket.mutualSsl` asks for one, it is valid, and the engine shows it. */
  get peerCertificate(): PeerCertificate | undefined {
    return this.#peer.peerCertificate;
  }

  /** The address that was asked for. */
  get url(): URL {
    this.#url ??= new URL(this.raw.url);
    return this.#url;
  }

  /** The query of the address; with a schema `query`, what it makes of it. */
  get query(): Query {
    if (this.#query === UNREAD) this.#query = this.url.searchParams;
    return trust(this.#query);
  }

  /** The headers of the request, copied; with a schema `headers`, what it makes of them. */
  get headers(): Fields {
    if (this.#headers === UNREAD) this.#headers = new Headers(this.raw.headers);
    return trust(this.#headers);
  }

  /** The cookies of the request (RFC 6265, section 4.2.1), quotes around a value taken off; of several with one name the first. */
  get cookies(): ReadonlyMap<string, string> {
    this.#cookies ??= toCookies(this.raw.headers.get("cookie") ?? "");
    return this.#cookies;
  }

  /**
   * Aborts when the peer leaves, where the runtime tells, or when the handler has taken longer than `upgradeTimeout`. Once the handler has
   * answered it aborts no more: what lasts as long as the connection goes by the `signal` of the caller.
   */
  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#reason !== undefined) this.#aborter.abort(this.#reason);
      else if (!this.#isAnswered) this.#follow(this.#aborter, this.raw.signal);
    }
    return this.#aborter.signal;
  }

  /** Aborts {@link signal}; called by the upgrade service. */
  abort(reason: Error): void {
    this.#reason = reason;
    this.#aborter?.abort(reason);
  }

  /** Lets go of the runtime's signal, which on some aborts at the upgrade or at the end; called by the upgrade service. */
  answered(): void {
    this.#isAnswered = true;
    this.#letGo?.();
    this.#letGo = undefined;
  }

  /** Says who asks; called by the upgrade service. */
  identify(principal: Principal): void {
    this.#principal = principal;
  }

  /** Replaces a part by what its schema made of it; called by the upgrade service. */
  bind(part: "params" | "query" | "headers", value: unknown): void {
    if (part === "params") this.#params = value;
    else if (part === "query") this.#query = value;
    else this.#headers = value;
  }

  #follow(aborter: AbortController, signal: AbortSignal): void {
    if (signal.aborted) return aborter.abort(signal.reason);
    const left = (): void => aborter.abort(signal.reason);
    signal.addEventListener("abort", left, { once: true });
    this.#letGo = () => signal.removeEventListener("abort", left);
  }
}

/** Takes a value for what a type says: what the path, the app and the schemas give at run time is what their user says with the type parameters. */
export function trust<Type>(value: unknown): Type;
export function trust(value: unknown): unknown {
  return value;
}

function toCookies(header: string): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header.split(";")) {
    const at = pair.indexOf("=");
    if (at < 1) continue;
    const name = pair.slice(0, at).trim();
    const value = pair.slice(at + 1).trim();
    if (name !== "" && !cookies.has(name)) cookies.set(name, value.replace(/^"(.*)"$/, "$1"));
  }
  return cookies;
}
