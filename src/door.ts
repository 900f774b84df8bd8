/**
 * The way of one upgrade from the request to the answer (R22): form, origin, subprotocol, authentication, binding, handler.
 *
 * @module
 */

import { authenticate, challenges, type Found } from "./authenticators.ts";
import { bind, hasSchema } from "./binding.ts";
import { callbacksOf } from "./contract/contract_service.ts";
import { findCredential } from "./credentials.ts";
import { HandshakeTimedOut, isError, toError } from "./errors.ts";
import { checkForm, checkOrigin, chooseSubProtocol, needsSubProtocol } from "./handshake.ts";
import type { Host } from "./host.ts";
import type { ReadHeader } from "./http.ts";
import { quote } from "./logger.ts";
import { isResponse, refuse, whyUnsendable } from "./refusal.ts";
import { isPromise } from "./reply.ts";
import type { GiveHeaders } from "./response_headers.ts";
import type { Service } from "./service.ts";
import type { ServiceRules } from "./service_config.ts";
import { isService, nameNoService } from "./service_value.ts";
import { markAccepted, Upgrade, type UpgradeSlot } from "./slot.ts";
import { AuthnError, AuthzError, UpgradeError } from "./upgrade_errors.ts";
import { type ParamsOf, type UpgradeContext, UpgradeRequest } from "./upgrade_request.ts";

/** What an upgrade handler may answer: a service accepts, anything else refuses. */
export type UpgradeAnswer = Service | UpgradeError | AuthnError | AuthzError | Response;

/** Decides about one upgrade: the `Service` for the new connection, or what refuses it. */
export type UpgradeHandler<
  Path extends string = string,
  Context = UpgradeContext,
  Params = ParamsOf<Path>,
  Query = URLSearchParams,
  Fields = Headers,
> = (request: UpgradeRequest<Path, Context, Params, Query, Fields>) => UpgradeAnswer | Promise<UpgradeAnswer>;

// Bytes of the smallest frame that Deno does not take (ext/websocket).
const MOST_OF_DENO = 2 ** 26;

/** One upgrade on its way. */
export class Door {
  readonly #rules: ServiceRules;
  readonly #giveHeaders: GiveHeaders;
  readonly #slot: UpgradeSlot;
  readonly #context: UpgradeContext;
  #protocol = "";
  #found: Found | undefined;
  #isLate = false;

  constructor(rules: ServiceRules, giveHeaders: GiveHeaders, slot: UpgradeSlot, context: UpgradeContext) {
    this.#rules = rules;
    this.#giveHeaders = giveHeaders;
    this.#slot = slot;
    this.#context = context;
  }

  get #host(): Host {
    return this.#slot.host;
  }

  // Middleware may have put another in place of it.
  get #raw(): Request {
    return this.#slot.direct ?? this.#context.req.raw;
  }

  /** Runs the checks that need no handler; returns the refusal, if any. */
  check(): Response | undefined {
    const raw = this.#raw;
    // Once: on Bun the getter costs more than the reading of a header.
    const { headers } = raw;
    const header: ReadHeader = (name) => headers.get(name);
    if (this.#host.stopping) return refuse(503, "The server is stopping", { "retry-after": "1" });
    const malformed = checkForm(raw.method, header, this.#host);
    if (malformed !== undefined) return malformed;
    const { authority } = this.#slot;
    const foreign = checkOrigin(this.#rules.origins, header, authority);
    if (foreign !== undefined) {
      const host = authority ?? header("host");
      this.#host.logger.info(
        `Refused an upgrade from origin ${quote(header("origin") ?? "")} to host ${quote(host ?? "")}: list it in option origins to allow it`,
      );
      return foreign;
    }
    const chosen = chooseSubProtocol(this.#rules, header);
    if (typeof chosen !== "string") return chosen;
    if (chosen === "" && this.#rules.requireSubProtocol) {
      this.#tell("400: it offers none of option subProtocols, and option requireSubProtocol is on");
      return needsSubProtocol(this.#rules);
    }
    this.#protocol = chosen;
    return undefined;
  }

  /** Asks who it is, binds the request and calls the handler, all for at most `upgradeTimeout`. */
  call(handler: UpgradeHandler): Response | Promise<Response> {
    const request = new UpgradeRequest(this.#raw, this.#context, this.#slot.peer);
    try {
      const asks = this.#rules.auth.length > 0 || hasSchema(this.#rules);
      const answer = asks ? this.#admit(request, handler) : handler(request);
      if (isPromise(answer)) return this.#await(answer, request);
      request.answered();
      return this.#take(answer, request);
    } catch (error) {
      request.answered();
      return this.#failed(error);
    }
  }

  async #admit(request: UpgradeRequest, handler: UpgradeHandler): Promise<UpgradeAnswer> {
    const refused = await this.#authenticate(request);
    if (refused !== undefined) return refused;
    const misfit = await bind(this.#rules, request);
    if (misfit !== undefined) {
      this.#tell(`400: it does not fit the schema that is option ${misfit.part}${misfit.hint}`);
      return misfit.refusal;
    }
    // Nobody waits any more for what the handler would begin.
    return this.#isLate ? refuse(503, "Too late") : await handler(request);
  }

  async #authenticate(request: UpgradeRequest): Promise<Response | undefined> {
    const { auth, credentials } = this.#rules;
    if (auth.length === 0) return undefined;
    const { headers } = request.raw;
    const credential = findCredential(credentials, request, (name) => headers.get(name));
    const found = await authenticate(auth, credential, request, this.#host.logger);
    if (isResponse(found)) {
      // The others are malformed, or were logged as a fault.
      if (found.status === 401)
        this.#tell("401: it has no credential that option auth accepts, where option credentials looks");
      if (found.status === 403)
        this.#tell("403: an authenticator of option auth denies it, by its option scopes or by itself");
      return found;
    }
    this.#found = found;
    request.identify(found.principal);
    return undefined;
  }

  // The line holds nothing that the peer has sent, and there is one for each refusal: of a late one that was overdue.
  #tell(why: string): void {
    if (!this.#isLate) this.#host.logger.info(`Refused an upgrade with ${why}`);
  }

  async #await(answer: PromiseLike<UpgradeAnswer>, request: UpgradeRequest): Promise<Response> {
    const { promise: overdue, resolve } = Promise.withResolvers<Response>();
    const cancel = this.#host.clock.schedule(() => {
      // Before the abort, for a handler that heeds it rejects within.
      this.#isLate = true;
      request.abort(new HandshakeTimedOut("The upgrade took longer than upgradeTimeout"));
      this.#host.logger.warn("Refused an upgrade: its handler or authenticator took longer than option upgradeTimeout");
      resolve(refuse(503, "The service took too long to answer", { "retry-after": "1" }));
    }, this.#rules.upgradeTimeout);
    const answered = Promise.resolve(answer)
      .then((value) => (this.#isLate ? refuse(503, "Too late") : this.#take(value, request)))
      .catch((error: unknown) => (this.#isLate ? refuse(503, "Too late") : this.#failed(error)));
    const response = await Promise.race([answered, overdue]);
    cancel();
    request.answered();
    return response;
  }

  #take(answer: unknown, request: UpgradeRequest): Response {
    if (isResponse(answer)) {
      // Where they are looked at late, headers that are not allowed would be found by nobody who can tell.
      void answer.headers;
      return this.#refuse(answer);
    }
    if (answer instanceof UpgradeError) return this.#refuseBy(answer);
    if (answer instanceof AuthnError) return refuse(401, answer.message, this.#challenges());
    if (answer instanceof AuthzError) return refuse(403, answer.message);
    if (isError(answer)) return refuse(400, answer.message);
    if (isService(answer)) return this.#accept(answer, request);
    const what = nameNoService(answer);
    return this.#failed(
      new TypeError(`An upgrade handler returned ${what}: must be a service, an error or a Response`),
    );
  }

  #refuse(response: Response): Response {
    // Another service has refused with it, which the handler has asked.
    if (response === this.#slot.refusal) return response;
    const why = whyUnsendable(response, this.#host.sent);
    if (why !== undefined) return this.#failed(new TypeError(`An upgrade handler returned ${why}`));
    this.#slot.refusal = response;
    return response;
  }

  #refuseBy({ status, message, headers }: UpgradeError): Response {
    // A 401 has a challenge (RFC 9110, section 15.5.2).
    const isWhole = status !== 401 || Object.keys(headers).some((name) => name.toLowerCase() === "www-authenticate");
    return refuse(status, message, isWhole ? headers : { ...headers, ...this.#challenges() });
  }

  #challenges(): Record<string, string> {
    const { auth } = this.#rules;
    return auth.length === 0 ? { "www-authenticate": 'Bearer realm="websocket"' } : challenges(auth);
  }

  #accept(service: Service, request: UpgradeRequest): Response {
    const slot = this.#slot;
    const { capabilities } = this.#host;
    try {
      this.#host.checkRequirements(this.#rules.requires, "A service");
      const headers = this.#giveHeaders(this.#raw);
      const { onPing, onPong } = callbacksOf(service);
      if (!capabilities.ping && (onPing !== undefined || onPong !== undefined)) {
        this.#host.warnOnce(`onPing and onPong are never called on engine "${capabilities.engine}": use engine "node"`);
      }
      if (capabilities.engine === "deno" && this.#rules.maxFrameSize >= MOST_OF_DENO) {
        this.#host.warnOnce(
          'A message of 64 MiB or more ends its connection on engine "deno", whatever maxFrameSize is: use engine "node"',
        );
      }
      const details = {
        protocol: this.#protocol,
        peer: slot.peer,
        isSecure: slot.isSecure,
        principal: this.#found?.principal,
        until: this.#rules.closeOnExpiry ? this.#found?.until : undefined,
      };
      slot.upgrade = new Upgrade(service, this.#rules, this.#host, details, headers);
    } catch (error) {
      return this.#failed(error);
    }
    return markAccepted(this.#context, request.isContextRead);
  }

  #failed(error: unknown): Response {
    this.#host.logger.error("An upgrade handler failed; the upgrade is refused with 500", toError(error));
    return refuse(500, "Internal server error");
  }
}
