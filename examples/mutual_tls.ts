/**
 * A service for other services: each shows a certificate, and is known by the name in it.
 *
 *     node examples/mutual_tls.ts
 *     deno run -A examples/mutual_tls.ts
 *     bun examples/mutual_tls.ts
 *
 * The certificates are those of this repository's tests; CERTIFICATES names a folder of your own, with ca.pem, server.pem and server-key.pem.
 *
 * In a project of yours the import reads `from "@switchboard/websocket"`.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Listener } from "../mod.ts";

const folder = process.env.CERTIFICATES ?? fileURLToPath(new URL("../tests/kit/certificates", import.meta.url));
const mayOrder = new Set(["client", "shop"]);

const listener = new Listener(Number(process.env.PORT ?? 9090), {
  secureSocket: {
    key: { certFile: `${folder}/server.pem`, keyFile: `${folder}/server-key.pem` },
    // Whoever has no certificate of this CA is refused in the TLS handshake.
    mutualSsl: { cert: `${folder}/ca.pem` },
  },
});

listener.attach("/orders", ({ peerCertificate }) => {
  // A certificate says who it is. What it may do is for the service to say.
  const name = peerCertificate?.subject.get("CN") ?? "";
  if (!mayOrder.has(name)) return new Response(`${JSON.stringify(name)} may not order\n`, { status: 403 });
  let count = 0;
  return {
    onOpen: () => ({ hello: name, until: peerCertificate?.validTo }),
    onTextMessage: (_caller, item) => ({ order: ++count, of: name, item }),
  };
});

await listener.start();
console.log(`${listener.url}/orders`);
