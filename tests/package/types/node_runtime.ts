/** What the adapter reads of Node and `ws` is what their own types say. */
import type { Buffer } from "node:buffer";
import type { KeyObject, X509Certificate } from "node:crypto";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { WebSocket } from "ws";
import type {
  NodeBuffer,
  NodeHttpServer,
  NodeSocket,
  NodeTlsSocket,
  WsSocket,
} from "../../../adapters/node/runtime.ts";
import type { Certificate, PrivateKey } from "../../../tls/runtime.ts";
import type { Expect } from "./expect.ts";

type Fits<Official, Slice> = Official extends Slice ? true : false;

export type Checks = [
  Expect<Fits<Socket, Omit<NodeSocket, "on">>>,
  // Overloads of an emitter fit no structural type, so its methods are checked by what they are called with.
  Expect<Fits<WebSocket, Omit<WsSocket, "on">>>,
  Expect<Fits<Buffer<ArrayBuffer>, Omit<NodeBuffer, "toString">>>,
  Expect<Fits<TLSSocket, NodeTlsSocket>>,
  Expect<Fits<HttpsServer, Omit<NodeHttpServer, "on" | "once" | "listen">>>,
  Expect<Fits<X509Certificate, Certificate>>,
  Expect<Fits<KeyObject, PrivateKey>>,
];
