/** What the tests of contracts have in common. */
import type { StandardSchema } from "../../../mod.ts";
import type { RawClient } from "../../kit/raw_client.ts";

/** The fields of the contracts under test. */
export const fields = { dispatcherKey: "event", dispatcherStreamId: "id" } as const;

/** A schema that takes everything, and is told what it is. */
export function anything<Type = unknown>(): StandardSchema<Type, Type> {
  return { "~standard": { version: 1, vendor: "tests", validate: (value) => ({ value: value as Type }) } };
}

/** A schema that takes nothing; `later` makes it take its time. */
export function nothing(message: string, later = false): StandardSchema {
  const result = { issues: [{ message, path: ["a", { key: 1 }] }] };
  return { "~standard": { version: 1, vendor: "tests", validate: () => (later ? Promise.resolve(result) : result) } };
}

/** The message that {@link exchange} ends with; each contract under test has it, and a handler that returns nothing. */
export const sync: { readonly message: StandardSchema<object> } = { message: anything<object>() };

let last = 0;

/**
 * Sends messages, strings and bytes as they are and the rest as JSON, and gives what came back until all of them were handled: the raw texts, whose
 * order of fields is part of the wire.
 */
export async function exchange(client: RawClient, ...messages: readonly unknown[]): Promise<string[]> {
  for (const message of messages) await say(client, message);
  const id = `sync ${++last}`;
  await say(client, { event: "sync", id });
  return await until(client, `{"event":"complete","id":"${id}"}`);
}

/** Gives the texts that came before one. */
export async function until(client: RawClient, end: string): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const text = `${await client.message()}`;
    if (text === end) return texts;
    texts.push(text);
  }
}

/** Sends one message. */
export async function say(client: RawClient, message: unknown): Promise<void> {
  if (message instanceof Uint8Array) await client.send.binary(message);
  else await client.send.text(typeof message === "string" ? message : JSON.stringify(message));
}

/** An error reply without its message. */
export function errorOf(text: string | undefined): Record<string, unknown> {
  const { message, ...rest } = JSON.parse(text ?? "{}");
  return typeof message === "string" ? rest : { message };
}
