/**
 * What a listener serves beside a service with a contract: its AsyncAPI document, and a page for people.
 *
 * @module
 */

import { toAsyncAPI } from "../asyncapi/async_api.ts";
import type { ServiceRules } from "../service_config.ts";
import { AsyncApiFile } from "./async_api_file.ts";
import { DocsPage, type LoadPage } from "./docs_page.ts";
import type { DocumentOptions } from "./options.ts";
import type { ServedDocument } from "./served.ts";

/**
 * Makes the documents of a service.
 *
 * @param path The path of the service
 * @param hops How many proxies are believed
 * @throws {TypeError} If an option is wrong, or a schema of the contract has no JSON Schema
 */
export function toDocuments(
  path: string,
  rules: ServiceRules,
  options: DocumentOptions,
  hops: number,
  loadPage: LoadPage,
): readonly ServedDocument[] {
  const { contract, asyncapi, docs } = options;
  if (contract === undefined) return [];
  const { query, headers, auth, credentials } = rules;
  const document = toAsyncAPI(contract, {
    path,
    title: options.title ?? path,
    version: options.version ?? "0.0.0",
    auth,
    credentials,
    ...(query !== undefined && { query }),
    ...(headers !== undefined && { headers }),
    ...(options.description !== undefined && { description: options.description }),
    ...(options.servers !== undefined && { servers: options.servers }),
    ...(options.toJsonSchema !== undefined && { toJsonSchema: options.toJsonSchema }),
  });
  const served: ServedDocument[] = [];
  if (asyncapi !== undefined) served.push(new AsyncApiFile(checkPath("asyncapi", asyncapi), document, hops));
  if (docs !== undefined) served.push(new DocsPage(checkPath("docs", docs), path, document, hops, loadPage));
  return served;
}

function checkPath(option: string, path: unknown): string {
  if (typeof path === "string" && /^\/[\w.~!$&'()+,;=@/-]*$/.test(path)) return path;
  throw new TypeError(
    `Option ${option} is ${JSON.stringify(path)}: must be a path that begins with a slash, without parameters`,
  );
}
