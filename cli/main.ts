#!/usr/bin/env node
/**
 * The program `switchboard`: the command line, and nothing else.
 *
 *     npx switchboard hash-password
 *
 * @module
 */

import process from "node:process";
import { switchboard } from "./switchboard.ts";

const { stdin: input, stdout: output, stderr: errors } = process;
process.exitCode = await switchboard(process.argv.slice(2), { input, output, errors });
