/**
 * What a service sends: one JSON object, in which the contract says where type and id are.
 *
 * @module
 */

import { RequestError } from "../../errors.ts";
import type { SchemaIssue } from "../../standard_schema.ts";
import { utf8Length } from "../../utf8.ts";
import { parseJson } from "../json.ts";
import type { ContractRules } from "../rules.ts";

/** A message without its type and its id. */
export type Payload = Readonly<Record<string, unknown>>;

/** One message of a service. */
export interface Frame {
  readonly type: string;
  /** Whatever stood in the field, `undefined` if there was none. */
  readonly id: unknown;
  readonly payload: Payload;
  /** Bytes of the message. */
  readonly size: number;
}

/** Takes a text apart; gives `undefined` if it is no message of a contract. */
export function toFrame(text: string, { dispatcherKey, dispatcherStreamId = "" }: ContractRules): Frame | undefined {
  const message = parse(text);
  if (!isPayload(message)) return undefined;
  const { [dispatcherKey]: type, ...rest } = message;
  if (typeof type !== "string") return undefined;
  const size = utf8Length(text);
  if (dispatcherStreamId === "" || !Object.hasOwn(rest, dispatcherStreamId)) {
    return { type, id: undefined, payload: rest, size };
  }
  const { [dispatcherStreamId]: id, ...payload } = rest;
  return { type, id, payload, size };
}

/** Makes the error of an `error` reply, which a stranger may have filled in badly. */
export function toRequestError({ code, message, issues }: Payload): RequestError {
  return new RequestError(typeof message === "string" ? message : "The request failed", {
    code: typeof code === "string" ? code : "failed",
    issues: Array.isArray(issues) ? issues.filter(isPayload).map(toIssue) : [],
  });
}

function toIssue({ path, message }: Payload): SchemaIssue {
  return {
    message: typeof message === "string" ? message : "Invalid",
    ...(typeof path === "string" && path !== "" && { path: path.split(".") }),
  };
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function isPayload(value: unknown): value is Payload {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
