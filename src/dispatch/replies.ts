/**
 * What goes back to the caller of a message.
 *
 * @module
 */

import { isBinary } from "../bytes.ts";
import { CloseFrame } from "../close_frame.ts";
import type { ContractService } from "../contract/contract_service.ts";
import type { RequestId } from "../contract/envelope.ts";
import type { MessageRule } from "../contract/rules.ts";
import { isA, RequestError, toError } from "../errors.ts";
import type { Outbox } from "../outbox.ts";
import { isPromise, sendReply } from "../reply.ts";
import { type SchemaIssue, type SchemaResult, toPath } from "../standard_schema.ts";
import { truncateUtf8 } from "../utf8.ts";
import { ask, toMisfit } from "./validate.ts";

// A message can be wrong at each of its bytes, and the answer shall not be a multiple of it.
const MOST_ISSUES = 32;
const LONGEST = 512;

/** Writes replies to one connection. */
export class Replies {
  readonly #outbox: Outbox;
  readonly #contract: ContractService;
  readonly #checks: boolean;

  /** Makes it for one connection; `checks` tells whether replies are checked against their schemas. */
  constructor(outbox: Outbox, contract: ContractService, checks: boolean) {
    this.#outbox = outbox;
    this.#contract = contract;
    this.#checks = checks;
  }

  /**
   * Checks a reply or an item against its schema.
   *
   * @returns A promise if the schema takes its time
   * @throws {PayloadValidationError} If it does not fit
   */
  check(rule: MessageRule, value: unknown): Promise<void> | undefined {
    if (!this.#checks || rule.reply === undefined || isFrame(value)) return undefined;
    const result = ask(rule.reply, value);
    return isPromise(result) ? checkLater(rule, result) : checkResult(rule, result);
  }

  /**
   * Sends a reply or an item, which is neither a promise, a stream nor an error; a close frame closes.
   *
   * @throws {TypeError} If it has no JSON form
   * @throws {ConnectionClosureError} If the service has closed the connection
   */
  send(rule: MessageRule, id: RequestId | undefined, value: unknown): void {
    const outbox = this.#outbox;
    if (isFrame(value)) {
      if (id !== undefined && isBinary(value)) {
        throw new TypeError(`Cannot answer ${JSON.stringify(rule.type)} with bytes: the message has an id`);
      }
      return sendReply(outbox, value);
    }
    const text = this.#contract.envelope.write(rule.type, id, value);
    if (!outbox.send(text, true) && outbox.closedByService) throw outbox.refusal();
  }

  /** Ends a stream, or answers a request whose handler returned nothing; without an id there is nothing to end. */
  complete(id: RequestId | undefined): void {
    const { envelope, rules } = this.#contract;
    if (id !== undefined) this.#outbox.send(envelope.write(rules.reserved.complete, id), true);
  }

  /** Answers with an error. */
  refuse(id: RequestId | undefined, code: string, message: string, issues: readonly SchemaIssue[] = []): void {
    const { envelope, rules } = this.#contract;
    const payload = { code, message, ...(issues.length > 0 && { issues: issues.slice(0, MOST_ISSUES).map(toEntry) }) };
    this.#outbox.send(envelope.write(rules.reserved.error, id, payload), true);
  }

  /** Answers what failed: a `RequestError` says how, and is no fault. Returns the fault that anything else is. */
  fail(id: RequestId, thrown: unknown): Error | undefined {
    let fault = thrown;
    if (isA(thrown, RequestError)) {
      try {
        return this.#refuseWith(id, thrown);
      } catch (cause) {
        fault = new TypeError(
          "Cannot answer with a RequestError: its code must be a string, its issues a list of { message, path }, with path a list of keys",
          { cause },
        );
      }
    }
    this.refuse(id, "internal", "Internal error");
    return toError(fault);
  }

  #refuseWith(id: RequestId, { code, message, issues }: RequestError): undefined {
    if (typeof code !== "string" || !Array.isArray(issues)) throw new TypeError("A field is of the wrong type");
    this.refuse(id, code, message, issues);
  }
}

async function checkLater(rule: MessageRule, promise: PromiseLike<SchemaResult<unknown>>): Promise<void> {
  checkResult(rule, await promise);
}

function checkResult({ type }: MessageRule, { issues }: SchemaResult<unknown>): undefined {
  if (issues !== undefined) throw toMisfit(`The reply to ${JSON.stringify(type)}`, issues);
}

// What does not go out as a message of the contract.
function isFrame(value: unknown): boolean {
  return typeof value === "object" && value !== null && (CloseFrame.is(value) || isBinary(value));
}

function toEntry(issue: SchemaIssue): { path: string; message: string } {
  return { path: truncateUtf8(toPath(issue), LONGEST), message: truncateUtf8(String(issue.message), LONGEST) };
}
