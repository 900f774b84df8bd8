import { contract } from "../../../entries/contract.ts";
import type { StandardSchema } from "../../../src/standard_schema.ts";

/** A schema of a library that knows no JSON Schema. */
const own: StandardSchema = { "~standard": { version: 1, vendor: "own", validate: (value) => ({ value }) } };

export const riders: object = contract({ dispatcherKey: "event", messages: { ask: { message: own } } });
export const drivers: object = contract({ dispatcherKey: "event", messages: { accept: { message: own } } });

export const toJsonSchema = (): object => ({ type: "object", title: "its own" });
