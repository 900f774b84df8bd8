#!/usr/bin/env node
/**
 * The program `switchboard`: the command line, and nothing else.
 *
 *     npx switchboard connect ws://localhost:9090/chat/ada
 *     npx switchboard hash-password
 *     npx switchboard asyncapi contract.ts
 *
 * @module
 */

import process from "node:process";
import type { Signal, Streams } from "./command.ts";
import { openEditor } from "./console/editor.ts";
import { switchboard } from "./switchboard.ts";

const { stdin: input, stdout: output, stderr: errors } = process;
const streams: Streams = {
  input,
  output: {
    isTTY: output.isTTY,
    on: (event, listener) => output.on(event, listener),
    write(text) {
      try {
        return output.write(text);
      } catch (error) {
        // Deno throws where others emit.
        return output.emit("error", error);
      }
    },
  },
  errors,
  environment: process.env,
  onSignal(listener) {
    const stops = (["SIGINT", "SIGTERM"] satisfies Signal[]).map((signal) => {
      const call = () => listener(signal);
      process.on(signal, call);
      return () => process.off(signal, call);
    });
    return () => {
      for (const stop of stops) stop();
    };
  },
  ...(input.isTTY && output.isTTY && { edit: openEditor }),
};
// A reader that leaves, as `head` does, wants no more, which is no failure; a full disk is one.
const unwritten: Error[] = [];
output.on("error", (error: Error) => {
  if (!("code" in error && (error.code === "EPIPE" || error.code === "ECONNRESET"))) unwritten.push(error);
});
errors.on("error", () => {});
const code = await switchboard(process.argv.slice(2), streams);
// What was written must leave before the process ends, and a standard input that stays open must not keep it. Who interrupts does not wait for a
// slow reader.
const flush = (unwritten.length > 0 ? [errors] : [output, errors]).map(
  (stream) => new Promise<void>((resolve) => stream.write("", () => setImmediate(resolve))),
);
const patience = code > 128 ? [new Promise<void>((resolve) => setTimeout(resolve, 1000))] : [];
await Promise.race([Promise.all(flush), ...patience]);
const [failure] = unwritten;
if (failure !== undefined) errors.write(`Cannot write to standard output: ${failure.message}\n`);
process.exit(code === 0 && failure !== undefined ? 1 : code);
