/** TLS connections for the clients of tests: they trust `ca.pem` and show what they are told to. */
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { pem } from "./certificates.ts";
import { PATIENCE } from "./raw_peer.ts";

/** Whose certificate a client shows. */
export const clients: Readonly<Record<"nobody" | "client" | "foreign", ConnectionOptions>> = {
  nobody: {},
  client: { cert: pem("client.pem"), key: pem("client-key.pem") },
  foreign: { cert: pem("other-client.pem"), key: pem("other-client-key.pem") },
};

/**
 * Opens a TLS connection.
 *
 * @throws If the handshake fails or takes longer than {@link PATIENCE}
 */
export function dialTls(port: number, host = "127.0.0.1", options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, servername: "localhost", ca: pem("ca.pem"), ...options });
    const timer = setTimeout(() => fail(new Error(`Timeout: waited ${PATIENCE} ms for TLS`)), PATIENCE);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const end = (): void => fail(new Error("The connection ended in the TLS handshake"));
    socket.once("error", fail);
    socket.once("close", end);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      socket.off("error", fail).off("close", end);
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}
