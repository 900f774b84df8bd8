/** What the types of a client are written out for is still what the DOM and Web Crypto have. */
import { selfSignedJwt } from "../../../auth/client/mod.ts";
import { jwtAuth } from "../../../auth/mod.ts";
import { Client, type ClientCloseEvent, type ClientListenerOptions } from "../../../entries/client.ts";
import type { RunConfig } from "../../../entries/client_run.ts";
import type { Equal, Expect } from "./expect.ts";

export type Options = [
  Expect<Equal<keyof ClientListenerOptions, keyof AddEventListenerOptions>>,
  Expect<AddEventListenerOptions extends ClientListenerOptions ? true : false>,
  Expect<ClientListenerOptions extends AddEventListenerOptions ? true : false>,
];

// What a reader of messages has, and the service does itself.
export type NotOfRun = Expect<
  Equal<keyof RunConfig & ("readTimeout" | "validation" | "pingPongHandler" | "whileDown" | "contract"), never>
>;

const client = await Client.connect("ws://localhost:9090");
client.addEventListener("close", ({ code, reason }) => console.log(code + 1, reason.trim()), { once: true });
client.addEventListener("reconnecting", { handleEvent: ({ attempt, wait }) => console.log(attempt + wait) });
const any: EventListenerObject = { handleEvent: (event: Event) => console.log(event.type) };
const signal: AddEventListenerOptions = { signal: AbortSignal.timeout(10) };
client.addEventListener("open", any, signal);
client.removeEventListener("open", any, { capture: true });
client.addEventListener("close", null);
const onClose = (event: ClientCloseEvent): void => console.log(event.code);
client.addEventListener("close", onClose);
// @ts-expect-error There is no such event.
client.addEventListener("ended", onClose);
// @ts-expect-error The event has no such field.
client.addEventListener("close", ({ wait }) => console.log(wait));
const target: EventTarget = client;
target.dispatchEvent(new Event("close"));

const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
const own: CryptoKey = keys.publicKey;
jwtAuth({ algorithms: ["ES256"], publicKey: own });
selfSignedJwt({ algorithm: "ES256", key: keys.privateKey, issuer: "me", audience: "feed" });
// @ts-expect-error A number is no key.
jwtAuth({ algorithms: ["ES256"], publicKey: 5 });
