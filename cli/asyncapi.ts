/**
 * `switchboard asyncapi`: writes the AsyncAPI document of a contract.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { toAsyncAPI } from "../src/asyncapi/async_api.ts";
import { toLine } from "./asyncapi/line.ts";
import { loadContract } from "./asyncapi/load_contract.ts";
import { toServers } from "./asyncapi/servers.ts";
import { type Command, CommandError, UsageError } from "./command.ts";
import { type OptionKind, toArguments } from "./options.ts";

/** What `switchboard asyncapi --help` prints. */
export const ASYNCAPI_HELP: string = `Usage: switchboard asyncapi FILE [OPTIONS]

Writes the AsyncAPI 3.0 document of a contract, as JSON. FILE is a module that exports the contract;
what it imports is found as when it is run.

      --export NAME      the contract; needed if FILE exports several
      --path PATH        the path of the service, such as /chat/:room (default /)
      --title TITLE      what the service is called (default the name of the export, or of FILE)
      --version VERSION  the version of the service (default 0.0.0)
      --description TEXT
      --server URL       where the service can be reached, such as wss://example.com, or NAME=URL;
                         may be repeated
  -o, --out FILE         where the document goes (default standard output)
      --help             prints this

Schemas of valibot need @valibot/to-json-schema, which is looked for where FILE is; for others that have
no JSON Schema of their own FILE may export a function toJsonSchema.

Exit codes: 0, 1 if there is no document, 2 if the arguments are wrong

  switchboard asyncapi src/contract.ts --path /market --server wss://example.com --out asyncapi.json
`;

const OPTIONS: Readonly<Record<string, OptionKind>> = {
  export: "value",
  path: "value",
  title: "value",
  version: "value",
  description: "value",
  server: "list",
  out: "value",
};

/** Writes the document of a contract that a module exports. */
export const asyncApiCommand: Command = {
  summary: "Writes the AsyncAPI document of a contract",
  help: ASYNCAPI_HELP,
  async run(args, { output }) {
    const { options, lists, positionals } = toArguments(args, OPTIONS, { o: "out" });
    const [file, ...others] = positionals;
    if (file === undefined || others.length > 0) throw new UsageError("Name one file: switchboard asyncapi FILE");
    const path = options.get("path") ?? "/";
    if (!path.startsWith("/"))
      throw new UsageError(`Option --path is ${JSON.stringify(path)}: must begin with a slash`);
    const servers = toServers(lists.get("server") ?? []);
    const { name, contract, toJsonSchema } = await loadContract(file, options.get("export"));
    const description = options.get("description");
    const text = describe(() =>
      toAsyncAPI(contract, {
        title: options.get("title") ?? (name === "default" ? basename(file) : name),
        version: options.get("version") ?? "0.0.0",
        path,
        ...(description !== undefined && { description }),
        ...(servers !== undefined && { servers }),
        ...(toJsonSchema !== undefined && { toJsonSchema }),
      }),
    );
    const out = options.get("out");
    if (out === undefined) output.write(text);
    else await write(out, text);
    return 0;
  },
};

// What is wrong with a contract is told in one line, as what is wrong with the arguments is.
function describe(toDocument: () => object): string {
  try {
    return `${JSON.stringify(toDocument(), null, 2)}\n`;
  } catch (error) {
    if (error instanceof TypeError) throw new CommandError(toLine(error));
    throw error;
  }
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new CommandError(`Cannot write ${JSON.stringify(file)}: ${toLine(error)}`);
  }
}
