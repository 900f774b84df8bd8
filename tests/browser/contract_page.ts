/** What a page loads to speak by a contract: the client, and the contract that its service has as well. */
import * as v from "valibot";
import { Client, type ClientConfig } from "../../entries/client.ts";
import {
  type Contract,
  type ContractDefinition,
  contract,
  type StandardSchema,
  type TypedMethods,
} from "../../entries/contract.ts";

type Plain<Value> = StandardSchema<Value, Value>;

interface Market extends ContractDefinition {
  readonly messages: {
    readonly quote: { readonly message: Plain<{ symbol: string }>; readonly reply: Plain<{ price: number }> };
    readonly prices: {
      readonly message: Plain<{ symbol: string }>;
      readonly reply: Plain<{ price: number }>;
      readonly stream: true;
    };
  };
  readonly pushes: { readonly alert: Plain<{ text: string }> };
}

const symbol = v.object({ symbol: v.pipe(v.string(), v.maxLength(8)) });
const price = v.object({ price: v.number() });

export const market: Contract<Market> = contract<Market>({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    quote: { message: symbol, reply: price },
    prices: { message: symbol, reply: price, stream: true },
  },
  pushes: { alert: v.object({ text: v.string() }) },
});

/** Connects the page. */
export function join(url: string, config: ClientConfig = {}): Promise<Client & TypedMethods<Market>> {
  return Client.connect(url, { ...config, contract: market });
}
