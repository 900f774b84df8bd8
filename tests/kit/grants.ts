/** The token endpoint of the authorization server of the tests: what it grants, and how it refuses. */
import type { JWTPayload } from "jose";

/** What the endpoint answers. */
export interface GrantAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** The grants of RFC 6749, sections 4.3, 4.4 and 6, and of RFC 7523, section 2.1. */
export class Grants {
  /** What replaces or joins the members of a successful answer; `undefined` takes one away. */
  extra: Record<string, unknown> = {};
  /** What is answered instead of a token. */
  refusal: { status: number; error?: unknown; retryAfter?: string } | undefined;
  /** Judges an assertion; gives its subject, or `undefined` to refuse it. */
  assertion: (assertion: string) => Promise<string | undefined> = () => Promise.resolve(undefined);
  /** The refresh tokens that are good, and whose they are. Each is good once. */
  readonly refreshTokens: Map<string, string> = new Map();
  readonly #issue: (claims: JWTPayload) => Promise<string>;
  readonly #clientId: string;
  readonly #clientSecret: string;

  constructor(issue: (claims: JWTPayload) => Promise<string>, clientId: string, clientSecret: string) {
    this.#issue = issue;
    this.#clientId = clientId;
    this.#clientSecret = clientSecret;
  }

  /** Answers a request; `isKnown` tells whether the client is known by its header. */
  async answer(form: URLSearchParams, isKnown: boolean): Promise<GrantAnswer> {
    if (this.refusal !== undefined) return refuse(this.refusal);
    if (!(isKnown || this.#isInBody(form))) return refuse({ status: 401, error: "invalid_client" });
    const type = form.get("grant_type");
    if (type === "client_credentials") return await this.#grant(form, this.#clientId);
    if (type === "password") return await this.#password(form);
    if (type === "refresh_token") return await this.#refresh(form);
    if (type === "urn:ietf:params:oauth:grant-type:jwt-bearer") return await this.#jwtBearer(form);
    return refuse({ status: 400, error: "unsupported_grant_type" });
  }

  async #password(form: URLSearchParams): Promise<GrantAnswer> {
    const isGood = form.get("username") === "zoë" && form.get("password") === "hunter2 &=é";
    return isGood ? await this.#grant(form, "zoë", true) : refuse({ status: 400, error: "invalid_grant" });
  }

  async #refresh(form: URLSearchParams): Promise<GrantAnswer> {
    const token = form.get("refresh_token") ?? "";
    const subject = this.refreshTokens.get(token);
    this.refreshTokens.delete(token);
    return subject === undefined
      ? refuse({ status: 400, error: "invalid_grant" })
      : await this.#grant(form, subject, true);
  }

  async #jwtBearer(form: URLSearchParams): Promise<GrantAnswer> {
    const subject = await this.assertion(form.get("assertion") ?? "");
    return subject === undefined ? refuse({ status: 400, error: "invalid_grant" }) : await this.#grant(form, subject);
  }

  async #grant(form: URLSearchParams, subject: string, refreshes = false): Promise<GrantAnswer> {
    const scope = form.get("scope") ?? "";
    const token = await this.#issue({ sub: subject, scope });
    const refresh = refreshes ? { refresh_token: this.#refreshToken(subject) } : {};
    const body = { access_token: token, token_type: "Bearer", expires_in: 3600, scope, ...refresh, ...this.extra };
    return { status: 200, headers: {}, body };
  }

  #refreshToken(subject: string): string {
    const token = `s3cret-refresh-${crypto.randomUUID()}`;
    this.refreshTokens.set(token, subject);
    return token;
  }

  #isInBody(form: URLSearchParams): boolean {
    return form.get("client_id") === this.#clientId && form.get("client_secret") === this.#clientSecret;
  }
}

function refuse({ status, error, retryAfter }: { status: number; error?: unknown; retryAfter?: string }): GrantAnswer {
  const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  return { status, headers, body: { error, error_description: "s3cret of the server" } };
}
