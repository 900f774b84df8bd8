/** What the compiler refuses of services, before anything runs: callbacks that are called otherwise, and answers that cannot be sent. */
import * as v from "valibot";
import { contract } from "../../../entries/contract.ts";
import { type Caller, closeFrame, Listener, type Service, UpgradeError } from "../../../mod.ts";

const app = { fetch: () => new Response() };
const listener = new Listener(app, { port: 0 });
const stream = async function* (): AsyncGenerator<string> {
  yield "a";
};

// Whatever is sent may be returned by any callback, one kind or another.
export const replies: Service = {
  onOpen: () => (Math.random() < 2 ? "text" : undefined),
  onTextMessage: async (_caller, text) => (text === "" ? stream() : { text }),
  onBinaryMessage: (_caller, data) => (data.length === 0 ? closeFrame(4000) : data),
  onMessage: () => [1, true, null],
  onPing: (_caller, data) => data,
  onPong: () => new Error("unasked"),
  onIdleTimeout: (caller) => caller.close(4001),
  onError: (_caller, error) => error.message,
};
listener.attach("/either", () => (Math.random() < 2 ? { onOpen: stream } : new UpgradeError("No", { status: 403 })));

// @ts-expect-error One path has one handler.
listener.attach("/a", [() => ({}), () => ({})]);
// @ts-expect-error The handshake has one method.
listener.attach("/a", { get: () => ({}), post: () => ({}) });
// @ts-expect-error A handler answers something.
listener.attach("/a", () => null);
// @ts-expect-error A number is no service.
listener.attach("/a", () => 5);
// @ts-expect-error Nor is a list.
listener.attach("/a", () => []);
// @ts-expect-error Nor is a class, but what is made of it.
listener.attach("/a", () => class {});
// @ts-expect-error A refusal has a status, so it is an UpgradeError.
listener.attach("/a", () => new Error("No"));
// @ts-expect-error What belongs to a service is no option of a listener.
new Listener(app, { port: 0, idleTimeout: 60 });

export const wrong: Service[] = [
  // @ts-expect-error A callback is a function.
  { onOpen: "Hello" },
  // @ts-expect-error It gets the caller alone.
  { onOpen: (_caller, more: string) => more },
  // @ts-expect-error It gets the caller first.
  { onOpen: (text: string) => text },
  // @ts-expect-error A function cannot be sent.
  { onOpen: () => () => "text" },
  // @ts-expect-error The caller comes first.
  { onTextMessage: (text: string) => text },
  // @ts-expect-error A binary message is bytes.
  { onBinaryMessage: (_caller, data: string) => data },
  // @ts-expect-error So is the data of a ping.
  { onPing: (_caller, data: string) => data },
  // @ts-expect-error And that of a pong.
  { onPong: (_caller, data: string) => data },
  // @ts-expect-error A bigint cannot be sent.
  { onMessage: () => 1n },
  // @ts-expect-error Idle time has no data.
  { onIdleTimeout: (_caller, seconds: number) => seconds },
  // @ts-expect-error The caller comes first, then the error.
  { onError: (error: Error) => error.message },
  // @ts-expect-error The caller comes first, then code and reason.
  { onClose: (reason: string) => console.log(reason) },
  // @ts-expect-error The code is a number.
  { onClose: (_caller, code: string) => console.log(code) },
  // @ts-expect-error Nothing can be sent any more.
  { onClose: () => "Bye" },
  // @ts-expect-error Nor closed.
  { onClose: () => closeFrame(4000) },
  // @ts-expect-error A misspelt callback is never called.
  { onMesage: () => "text" },
];

// @ts-expect-error A class in which every callback is misspelt is no service.
export class Misspelt implements Service {
  onTextMesage(_caller: Caller, text: string): string {
    return text;
  }
}

// @ts-expect-error An id without a field of the type correlates nothing.
contract({ dispatcherStreamId: "id", messages: { a: { message: v.object({}) } } });
