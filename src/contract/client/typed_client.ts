/**
 * A client that speaks by a contract.
 *
 * @module
 */

import type { ContractLine } from "../../client/contract_line.ts";
import type { ContractDefinition } from "../definition.ts";
import type { ContractRules } from "../rules.ts";
import type { TypedMethods } from "./typed_methods.ts";

/** Adds the methods of a contract to a client, and reads it from now on. */
export function toTypedClient<Of extends ContractLine, Definition extends ContractDefinition>(
  _rules: ContractRules,
  _client: Of,
  _validation: boolean,
): Of & TypedMethods<Definition> {
  throw new Error("To be built");
}
