/** Runs the files that it is given, one after the other, in one process. */
import process from "node:process";
import { pathToFileURL } from "node:url";

for (const path of process.argv.slice(2)) await import(pathToFileURL(path).href);
