/**
 * The parameters, the query and the headers of a request, checked and typed by schemas.
 *
 * @module
 */

import { quote } from "./logger.ts";
import { refuse } from "./refusal.ts";
import type { ServiceRules } from "./service_config.ts";
import { type SchemaIssue, type SchemaResult, type StandardSchema, toPath } from "./standard_schema.ts";
import type { UpgradeRequest } from "./upgrade_request.ts";

/** The parts of a request that a schema may check. */
const PARTS = ["params", "query", "headers"] as const;

/** The name of such a part. */
export type Part = (typeof PARTS)[number];

/** A part that does not fit its schema, and the answer to that. */
export interface Misfit {
  readonly part: Part;
  readonly refusal: Response;
  /** What the log says besides. */
  readonly hint: string;
}

// What a schema says of these may repeat their values.
const SECRET: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "sec-websocket-protocol",
]);

/**
 * Puts what the schemas make of a request into it. Returns what does not fit, if anything.
 *
 * @throws What a schema throws
 */
export async function bind(rules: ServiceRules, request: UpgradeRequest): Promise<Misfit | undefined> {
  for (const part of PARTS) {
    const schema: StandardSchema | undefined = rules[part];
    if (schema === undefined) continue;
    const result: SchemaResult<unknown> = await schema["~standard"].validate(toInput(part, request));
    if (result.issues !== undefined) {
      return { part, refusal: refuse(400, toAdvice(part, result.issues, rules)), hint: toHint(part, result.issues) };
    }
    request.bind(part, result.value);
  }
  return undefined;
}

/** Tells whether there is anything to bind. */
export function hasSchema(rules: ServiceRules): boolean {
  return rules.params !== undefined || rules.query !== undefined || rules.headers !== undefined;
}

// Without a prototype, for the names are the peer's.
function toInput(part: Part, request: UpgradeRequest): Record<string, unknown> {
  const input: Record<string, unknown> = Object.create(null);
  if (part === "params") return Object.assign(input, request.params);
  if (part === "headers") {
    for (const [name, value] of request.headers) input[name] = value;
    return input;
  }
  for (const name of new Set(request.query.keys())) {
    const values = request.query.getAll(name);
    input[name] = values.length === 1 ? values[0] : values;
  }
  return input;
}

function toAdvice(part: Part, issues: readonly SchemaIssue[], rules: ServiceRules): string {
  const [issue] = issues;
  const path = issue === undefined ? "" : toPath(issue);
  const what = part === "params" ? "path parameter" : part === "query" ? "query parameter" : "header";
  const where = path === "" ? `The ${part === "params" ? "path" : part}` : `The ${what} ${quote(path)}`;
  if (issue === undefined || isSecret(part, path, rules)) return `${where} is not as it must be`;
  return `${where} is not as it must be: ${quote(issue.message).slice(1, -1).replaceAll('\\"', '"')}`;
}

// A name with a capital is the schema's and not the peer's, for those that came have none.
function toHint(part: Part, issues: readonly SchemaIssue[]): string {
  if (part !== "headers") return "";
  const names = issues.map((issue) => toPath(issue).split(".", 1)[0] ?? "");
  const capital = names.find((name) => name !== name.toLowerCase());
  return capital === undefined ? "" : `, which asks for ${quote(capital)}: names of headers are in lower case here`;
}

function isSecret(part: Part, path: string, { credentials }: ServiceRules): boolean {
  const name = path.split(".", 1)[0] ?? "";
  // A fault of the whole may name any of its members.
  if (part === "headers") return name === "" || SECRET.has(name.toLowerCase());
  if (part === "params") return false;
  const secrets = credentials.flatMap((source) =>
    typeof source === "object" && "query" in source ? [source.query] : [],
  );
  return name === "" ? secrets.length > 0 : secrets.includes(name);
}
