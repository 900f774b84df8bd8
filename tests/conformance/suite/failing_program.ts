/**
 * A program of its own, whose services fail in every way: that it lives on is what is tested. What it logs and what its callbacks are told
 * goes to standard output, a line of JSON each; the first line is its port.
 */
import process from "node:process";
import { type Caller, type EngineName, Listener, type Service, type UpgradeRequest } from "../../../mod.ts";

const say = (kind: string, text: string): void => console.log(JSON.stringify({ kind, text }));
const log =
  (level: string) =>
  (message: string, ...details: unknown[]) =>
    say(level, [message, ...details.map(toText)].join(": "));

function toText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const { message, cause } = value as Partial<Error>;
  return cause === undefined ? `${message}` : `${message} (${toText(cause)})`;
}

/** The ways to fail, each with a text by which it is known again. */
const ways: Readonly<Record<string, (text: string) => unknown>> = {
  throws(text) {
    throw new Error(text);
  },
  "throws a string"(text) {
    throw text as unknown as Error;
  },
  "throws what cannot be read"(text) {
    throw { toString: () => fail(text), message: text } as unknown as Error;
  },
  rejects: (text) => Promise.reject(new Error(text)),
  "rejects later": (text) => new Promise((_, reject) => setTimeout(() => reject(new Error(text)), 2)),
  "rejects with a string": (text) => Promise.reject(text),
  "returns an Error": (text) => new Error(text),
  "resolves to an Error": (text) => Promise.resolve(new Error(text)),
};

function fail(text: string): never {
  throw new Error(text);
}

function toService({ query }: UpgradeRequest): Service {
  const [callback = "", way = "", report = "", text = ""] = ["callback", "way", "report", "text"].map(
    (key) => query.get(key) ?? "",
  );
  const service: Record<string, unknown> = {
    onTextMessage: (_caller: Caller, message: string) => `echo ${message}`,
    onClose: (_caller: Caller, code: number) => say("close", `${text} ${code}`),
  };
  if (callback === "onMessage") delete service.onTextMessage;
  service[callback] = () => ways[way]?.(`secret ${text}`);
  if (report === "replies") service.onError = () => "handled";
  else if (report !== "none") service.onError = () => ways[report]?.(`second secret ${text}`);
  return service;
}

/** A service that writes when it is too late, and does not await it. */
const late: Service = {
  onOpen(caller) {
    void caller.close(4000);
    writeAll(caller);
  },
  onClose(caller) {
    writeAll(caller);
    setTimeout(() => {
      writeAll(caller);
      say("late", "");
    }, 5);
  },
};

function writeAll(caller: Caller): void {
  void caller.writeTextMessage("late");
  void caller.writeBinaryMessage(Uint8Array.of(1));
  void caller.writeMessage({});
  void caller.close(4000);
  if (caller.capabilities.ping) void caller.ping();
  if (caller.capabilities.terminate) caller.terminate();
}

const engine = process.argv[2] as EngineName;
const logger = { debug: () => {}, info: log("info"), warn: log("warn"), error: log("error") };
const listener = new Listener(0, { engine, logger });
listener.attach("/fail", toService);
listener.attach("/idle", toService, { idleTimeout: 0.04 });
listener.attach("/late", () => late);
listener.attach("/echo", () => ({ onTextMessage: (_caller, text) => text }));
listener.attach("/upgrade", ({ query }) => ways[query.get("way") ?? ""]?.(`secret ${query.get("text")}`) as Service);
listener.attach("/answer", ({ query }) => JSON.parse(query.get("json") ?? "null") as Service);
await listener.start();
say("port", `${listener.port}`);
