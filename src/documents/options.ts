/**
 * The options of `attach` for what is served beside a service with a contract.
 *
 * @module
 */

import { checkContract, type DescribedContract } from "../asyncapi/async_api.ts";
import type { AsyncApiServer } from "../asyncapi/document.ts";
import type { ToJsonSchema } from "../asyncapi/json_schema.ts";
import type { UpgradeConfig } from "../service_config.ts";

/** The options of `attach` for a service with a contract: what is served beside it. */
export interface DocumentOptions {
  /** The contract of the service. Needed with `asyncapi` and `docs`. */
  readonly contract?: DescribedContract | undefined;
  /** The path of the AsyncAPI document. @default none */
  readonly asyncapi?: string | undefined;
  /** The path of the documentation page. @default none */
  readonly docs?: string | undefined;
  /** What the service is called. @default its path */
  readonly title?: string | undefined;
  /** The version of the service. @default "0.0.0" */
  readonly version?: string | undefined;
  /** What the service is for. @default none */
  readonly description?: string | undefined;
  /** Where the service can be reached, by names of your own. @default where the document was asked for */
  readonly servers?: Readonly<Record<string, AsyncApiServer>> | undefined;
  /** Gives the JSON Schema of schemas that have none of their own: `toJsonSchema` of `@valibot/to-json-schema`. @default none */
  readonly toJsonSchema?: ToJsonSchema | undefined;
}

const NAMES: readonly string[] = [
  "contract",
  "asyncapi",
  "docs",
  "title",
  "version",
  "description",
  "servers",
  "toJsonSchema",
] satisfies (keyof DocumentOptions)[];

/**
 * Parts the options of `attach` into those of the service and those of its documents; each is `undefined` if there are none.
 *
 * @throws {TypeError} If an option is there whose use needs another
 */
export function splitOptions(options: (UpgradeConfig & DocumentOptions) | undefined): {
  readonly config: UpgradeConfig | undefined;
  readonly documents: DocumentOptions | undefined;
} {
  const given = NAMES.filter((name) => typeof options === "object" && options !== null && name in options);
  if (options === undefined || given.length === 0) return { config: options, documents: undefined };
  const {
    contract,
    asyncapi,
    docs,
    title: _t,
    version: _v,
    description: _d,
    servers: _s,
    toJsonSchema: _j,
    ...config
  } = options;
  if (asyncapi === undefined && docs === undefined) {
    throw new TypeError(`Option ${given[0]} needs option asyncapi or docs: the path of a document`);
  }
  if (contract === undefined) {
    const what = asyncapi === undefined ? "docs" : "asyncapi";
    throw new TypeError(
      `Option ${what} needs option contract: the contract of the service, which is not known before a connection`,
    );
  }
  checkContract(contract);
  return { config: Object.keys(config).length === 0 ? undefined : config, documents: options };
}
