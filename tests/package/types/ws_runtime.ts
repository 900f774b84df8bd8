/** What the transport over `ws` reads of Node and `ws`, and the options that it sets, are what their own types say. */
import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { ClientOptions, WebSocket } from "ws";
import type { NodeBuffer, NodeResponse, NodeSocket, WsOptions, WsSocket } from "../../../adapters/ws/runtime.ts";
import type { Expect } from "./expect.ts";

type Fits<Official, Slice> = Official extends Slice ? true : false;

export type Checks = [
  // Overloads of an emitter fit no structural type, so its methods are checked by what they are called with.
  Expect<Fits<Socket, Omit<NodeSocket, "on">>>,
  Expect<Fits<WebSocket, Omit<WsSocket, "on">>>,
  Expect<Fits<IncomingMessage, Omit<NodeResponse, "on" | "socket">>>,
  Expect<Fits<Buffer<ArrayBuffer>, Omit<NodeBuffer, "toString">>>,
  Expect<Fits<WsOptions, ClientOptions>>,
  // The first three are newer than the types, the last is of TLS, which `ws` hands all its options.
  Expect<
    Fits<
      Exclude<keyof WsOptions, keyof ClientOptions>,
      "closeTimeout" | "maxFragments" | "maxPendingAutoPongs" | "servername"
    >
  >,
];
