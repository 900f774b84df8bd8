/**
 * Fields of payloads that are the protocol's own, found where types are checked.
 *
 * @module
 */

import type { InputOf } from "../standard_schema.ts";
import type { ContractDefinition } from "./definition.ts";

// The names of fields that are known one by one.
type Known<Value> = Value extends object ? (string extends keyof Value ? never : keyof Value & string) : never;

type Literal<Name> = Name extends string ? (string extends Name ? never : Name) : never;

type Both<Definition extends ContractDefinition> =
  | Literal<Definition["dispatcherKey"]>
  | Literal<Definition["dispatcherStreamId"]>;

type Clash<Schema, Names extends string, Type> = Known<InputOf<Schema>> & Names extends never ? never : Type;

type ClashingMessages<Definition extends ContractDefinition> = {
  [Type in keyof Definition["messages"]]:
    | Clash<Definition["messages"][Type]["message"], Both<Definition>, Type>
    | (Definition["messages"][Type] extends { readonly reply: infer Reply }
        ? Clash<Reply, Literal<Definition["dispatcherStreamId"]>, Type>
        : never);
}[keyof Definition["messages"]];

type ClashingPushes<Definition extends ContractDefinition> = {
  [Type in keyof NonNullable<Definition["pushes"]>]: Clash<
    NonNullable<Definition["pushes"]>[Type],
    Literal<Definition["dispatcherStreamId"]>,
    Type
  >;
}[keyof NonNullable<Definition["pushes"]>];

/**
 * What a definition must be besides: nothing, unless a message has a field that `dispatcherKey` or `dispatcherStreamId` names, or a reply or push has
 * one that `dispatcherStreamId` names. Those fields never reach a handler, and are never sent.
 */
export type WithoutClash<Definition extends ContractDefinition> = [
  ClashingMessages<Definition> | ClashingPushes<Definition>,
] extends [never]
  ? unknown
  : {
      readonly "Rename dispatcherKey or dispatcherStreamId: a payload has a field of that name":
        | ClashingMessages<Definition>
        | ClashingPushes<Definition>;
    };
