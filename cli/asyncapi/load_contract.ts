/**
 * Contracts out of modules.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type DescribedContract, isContract } from "../../src/asyncapi/async_api.ts";
import type { ToJsonSchema } from "../../src/asyncapi/json_schema.ts";
import { CommandError, UsageError } from "../command.ts";
import { toLine } from "./line.ts";
import { loadModule } from "./load_module.ts";

/** What a module exports. */
export interface LoadedContract {
  /** The name under which the contract is exported. */
  readonly name: string;
  readonly contract: DescribedContract;
  readonly toJsonSchema: ToJsonSchema | undefined;
}

/**
 * Loads a module and finds its contract.
 *
 * @param wanted The name of the export; without it there must be one contract
 * @throws {CommandError} If the module cannot be loaded, or exports no contract
 * @throws {UsageError} If it has no contract of that name, or has several and none is named
 */
export async function loadContract(file: string, wanted: string | undefined): Promise<LoadedContract> {
  const url = pathToFileURL(resolve(file)).href;
  const module = await load(file, url);
  const contracts = new Map<string, DescribedContract>();
  for (const [name, value] of module) if (isContract(value)) contracts.set(name, value);
  const names = [...contracts.keys()].sort().join(", ");
  if (names === "") throw new CommandError(`${JSON.stringify(file)} exports no contract`);
  if (wanted === undefined && contracts.size > 1) {
    throw new UsageError(`${JSON.stringify(file)} exports several contracts: name one with --export: ${names}`);
  }
  const [only = ""] = contracts.keys();
  const name = wanted ?? only;
  const contract = contracts.get(name);
  if (contract === undefined) {
    throw new UsageError(`${JSON.stringify(file)} exports no contract ${JSON.stringify(name)}: it has ${names}`);
  }
  return { name, contract, toJsonSchema: toConverter(module.get("toJsonSchema")) ?? (await findConverter(url)) };
}

async function load(file: string, url: string): Promise<ReadonlyMap<string, unknown>> {
  const isFile = await stat(new URL(url)).then(
    (entry) => entry.isFile(),
    () => false,
  );
  if (!isFile) throw new CommandError(`Cannot read ${JSON.stringify(file)}: there is no such file`);
  try {
    return await loadModule(url);
  } catch (error) {
    throw new CommandError(`Cannot load ${JSON.stringify(file)}: ${toLine(error)}`);
  }
}

// As the module itself would find it.
async function findConverter(url: string): Promise<ToJsonSchema | undefined> {
  try {
    const path = createRequire(url).resolve("@valibot/to-json-schema");
    return toConverter((await loadModule(pathToFileURL(path).href)).get("toJsonSchema"));
  } catch {
    return undefined;
  }
}

function toConverter(value: unknown): ToJsonSchema | undefined {
  return isFunction(value) ? value : undefined;
}

// What it gives is looked at when it has given it.
function isFunction(value: unknown): value is ToJsonSchema {
  return typeof value === "function";
}
