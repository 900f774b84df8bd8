/** TLS: what `secureSocket` promises, and what an engine that cannot keep it says. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { ConnectionOptions } from "node:tls";
import { Hono } from "hono";
import {
  type Engine,
  Listener,
  type PeerCertificate,
  type SecureSocket,
  type Service,
  SslError,
  UnsupportedError,
} from "../../../mod.ts";
import { certificatePath, password, pem } from "../../kit/certificates.ts";
import { type ConnectOptions, dial, HandshakeRefused, type RawClient } from "../../kit/raw_client.ts";
import { clients, dialTls } from "../../kit/tls_client.ts";
import { findGap } from "../gaps.ts";
import { gate, Log, type Running, type Setup, type Subject, wait } from "./subject.ts";

const key: SecureSocket["key"] = {
  certFile: certificatePath("server.pem"),
  keyFile: certificatePath("server-key.pem"),
};
const ca = certificatePath("ca.pem");

const keys: readonly [name: string, key: SecureSocket["key"]][] = [
  ["two files", key],
  ["a file that is encrypted", { ...key, keyFile: certificatePath("server-key-encrypted.pem"), keyPassword: password }],
  ["PEM text", { cert: pem("server.pem"), key: pem("server-key.pem") }],
  ["a PKCS #12 file", { path: certificatePath("server.p12"), password }],
];

/** What not every engine can do: its gap, how messages call it, and what asks for it. */
const options: readonly [gap: string, name: string, secure: SecureSocket][] = [
  ["mutualSsl", "mutualSsl", { key, mutualSsl: { cert: ca } }],
  ["optionalClients", "mutualSsl", { key, mutualSsl: { cert: ca, verifyClient: "OPTIONAL" } }],
  ["tlsVersions", "protocol", { key, protocol: { versions: ["TLSv1.3"] } }],
  ["tlsCiphers", "ciphers", { key, ciphers: ["ECDHE-ECDSA-AES256-GCM-SHA384"] }],
  ["tlsHandshakeTimeout", "handshakeTimeout", { key, handshakeTimeout: 0.3 }],
  ["tlsSessions", "sessionTimeout", { key, sessionTimeout: 60 }],
  ["tlsSessions", "shareSession", { key, shareSession: false }],
];

const echo = (): Service => ({ onTextMessage: (_caller, text) => text });

export function tls(subject: Subject): void {
  for (const [name, form] of keys) {
    subject.test(`TLS with ${name}: connections are secure, and the url says so`, async () => {
      await subject.run(
        () =>
          ({ url }) => ({
            onOpen: (caller) => [caller.isSecure, url.protocol],
            onTextMessage: (_caller, text) => text,
          }),
        async ({ listener, ...running }) => {
          assert.equal(listener.url, `wss://localhost:${listener.port}`);
          const client = await open({ listener, ...running });
          assert.equal(await client.message(), '[true,"https:"]');
          await client.send.text("Grüß dich");
          assert.equal(await client.message(), "Grüß dich");
          await client.send.close(1000);
          assert.equal((await client.ended()).code, 1000);
        },
        { listener: { secureSocket: { key: form } } },
      );
    });
  }

  subject.test("TLS shows no certificate of a peer that was asked for none", async () => {
    await subject.run(
      () => (request) => ({ onOpen: (caller) => [!request.peerCertificate, !caller.peerCertificate] }),
      async (running) => {
        const client = await open(running, clients.client);
        assert.equal(await client.message(), "[true,true]");
      },
      { listener: { secureSocket: { key } } },
    );
  });

  const strict: SecureSocket = { key, mutualSsl: { cert: pem("ca.pem") } };
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    subject.gapTest("mutualSsl", `TLS lets in who has a certificate of the CA, and nobody else, with ${version}`, () =>
      guarded(subject, "mutualSsl", strict, version, ["client"]),
    );

    const lenient: SecureSocket = { key, mutualSsl: { cert: ca, verifyClient: "OPTIONAL" } };
    subject.gapTest("optionalClients", `TLS with "OPTIONAL" keeps only wrong certificates out, with ${version}`, () =>
      guarded(subject, "optionalClients", lenient, version, ["nobody", "client"]),
    );

    const [other] = (["TLSv1.2", "TLSv1.3"] as const).filter((one) => one !== version);
    subject.gapTest("tlsVersions", `TLS speaks the versions of its list only: ${version}`, async () => {
      await subject.serve(
        echo,
        async (running) => {
          await exchange(await open(running, { minVersion: version, maxVersion: version }));
          await assert.rejects(open(running, { minVersion: other, maxVersion: other }));
        },
        await setup(subject, "tlsVersions", { key, protocol: { versions: [version] } }),
      );
    });
  }

  subject.gapTest(
    "peerCertificate",
    "TLS shows the certificate of a peer, in the handler and after the end",
    async () => {
      const seen: (PeerCertificate | undefined)[] = [];
      await subject.run(
        ({ journal }) =>
          (request) => {
            seen.push(request.peerCertificate);
            return {
              onOpen: (caller) => void seen.push(caller.peerCertificate),
              onClose(caller) {
                seen.push(caller.peerCertificate);
                journal.add("closed");
              },
            };
          },
        async (running) => {
          const client = await open(running, clients.client);
          client.destroy();
          await running.journal.until("closed");
          assert.equal(seen.length, 3);
          for (const certificate of seen) assertClient(certificate);
        },
        await setup(subject, "peerCertificate", strict),
      );
    },
  );

  subject.gapTest("tlsCiphers", "TLS speaks the cipher suites of its list only", async () => {
    const client: ConnectionOptions = { maxVersion: "TLSv1.2" };
    await subject.serve(
      echo,
      async (running) => {
        await exchange(await open(running, { ...client, ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" }));
        await assert.rejects(open(running, { ...client, ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" }));
      },
      await setup(subject, "tlsCiphers", { key, ciphers: ["ECDHE-ECDSA-AES256-GCM-SHA384"] }),
    );
  });

  subject.gapTest("tlsHandshakeTimeout", "TLS ends a handshake that takes longer than handshakeTimeout", async () => {
    await subject.serve(
      echo,
      async (running) => {
        const socket = await dial(running.listener.port);
        const began = performance.now();
        const ended = new Promise((resolve) => socket.once("close", resolve).once("end", resolve).resume());
        await subject.within("the end of a silent peer", ended).finally(() => socket.destroy());
        assert.ok(performance.now() - began > 250);
        await exchange(await open(running));
      },
      await setup(subject, "tlsHandshakeTimeout", { key, handshakeTimeout: 0.3 }),
    );
  });

  subject.gapTest("tlsSessions", "TLS with shareSession false lets nobody resume a session", async () => {
    assert.equal(await resumes(subject, { key }, 0), true);
    assert.equal(await resumes(subject, { key, shareSession: false }, 0), false);
  });

  subject.gapTest("tlsSessions", "TLS lets nobody resume a session after sessionTimeout", async () => {
    const reused = [resumes(subject, { key }, 2600), resumes(subject, { key, sessionTimeout: 1 }, 2600)];
    assert.deepEqual(await Promise.all(reused), [true, false]);
  });

  for (const [gap, name, secure] of options) {
    subject.test(`R28 secureSocket.${name} is kept, or refused at start (${gap})`, async () => {
      const listener = subject.listener({ secureSocket: secure });
      if (findGap(subject.engine, gap) === undefined) await listener.start();
      else {
        await assert.rejects(listener.start(), (error: unknown) => {
          assert.ok(error instanceof UnsupportedError, `${error}`);
          assert.match(error.message, new RegExp(`secureSocket\\.${name}`));
          assert.match(error.message, /engine "node"/);
          return true;
        });
      }
      await listener.immediateStop();
    });
  }

  subject.test("TLS: a key that does not fit fails at start with an SslError, and the port stays free", async () => {
    const listener = subject.listener({
      secureSocket: { key: { ...key, keyFile: certificatePath("client-key.pem") } },
    });
    for (let i = 0; i < 2; i++) {
      await assert.rejects(listener.start(), (error: unknown) => {
        assert.ok(error instanceof SslError, `${error}`);
        assert.match(error.message, /keyFile ".*client-key\.pem": it is not the key of the certificate/);
        return true;
      });
    }
    await listener.immediateStop();
  });

  subject.test("TLS: the 101 carries Set-Cookie, and the origin of the listener is the same origin", async () => {
    await subject.serve(
      echo,
      async (running) => {
        const { port } = running.listener;
        const client = await open(running, {}, { headers: { Origin: `https://127.0.0.1:${port}` } });
        assert.deepEqual(client.response.headerAll("set-cookie"), ["a=1; Secure", "b=2; Secure"]);
        await exchange(client);
        await assert.rejects(open(running, {}, { headers: { Origin: "https://evil.example" } }), isRefusal(403));
      },
      {
        listener: { secureSocket: { key } },
        config: {
          responseHeaders: [
            ["Set-Cookie", "a=1; Secure"],
            ["Set-Cookie", "b=2; Secure"],
          ],
        },
        logs: /origin/i,
      },
    );
  });

  subject.test("TLS: refusals reach the client, and a service that is attached later is secure too", async () => {
    await subject.serve(
      echo,
      async (running) => {
        await assert.rejects(open(running, {}, { path: "/later" }), isRefusal(404));
        running.listener.attach("/later", () => ({ onOpen: (caller) => caller.isSecure }), { maxFrameSize: 100_000 });
        assert.equal(await (await open(running, {}, { path: "/later" })).message(), "true");
      },
      { listener: { secureSocket: { key } } },
    );
  });

  subject.test("TLS: peers that speak none, or leave half-way, disturb nobody", async () => {
    await subject.serve(
      echo,
      async (running) => {
        const client = await open(running);
        for (const bytes of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "\x00".repeat(1000)]) {
          const socket = await dial(running.listener.port);
          await new Promise((resolve) => socket.write(bytes, "latin1", resolve));
          socket.destroy();
        }
        await exchange(client);
        await exchange(await open(running));
      },
      { listener: { secureSocket: { key } } },
    );
  });

  subject.test("TLS: a message of 4 MiB comes back whole", async () => {
    const bytes = new Uint8Array(4 * 1024 * 1024).map((_, index) => index % 251);
    await subject.serve(
      () => ({ onBinaryMessage: (_caller, data) => data }),
      async (running) => {
        const client = await open(running);
        await client.send.binary(bytes);
        assert.deepEqual(new Uint8Array(Buffer.from((await client.message()) as Uint8Array)), bytes);
      },
      {
        listener: { secureSocket: { key } },
        config: { maxFrameSize: bytes.length, maxQueuedBytes: bytes.length, maxBufferedAmount: 2 * bytes.length },
      },
    );
  });

  subject.gapTest("pause", "R19 over TLS reading pauses, and nothing is lost", async () => {
    const held = gate();
    await subject.serve(
      ({ journal }) => ({
        async onBinaryMessage(_caller, data) {
          await held.promise;
          journal.add(`${data.length}`);
        },
      }),
      async (running) => {
        const client = await open(running);
        for (let i = 0; i < 500; i++) void client.send.binary(new Uint8Array(60_000));
        await wait(400);
        assert.ok(client.unsent > 1_000_000, `only ${client.unsent} of 30 MB are held back`);
        held.resolve();
        await running.journal.until("60000", 500);
      },
      { listener: { secureSocket: { key } } },
    );
  });

  for (const [what, start] of [
    ["nothing", ""],
    ["half a handshake", "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"],
    ["half a body", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\na"],
  ] as const) {
    subject.gapTest("slowHandshake", `A7 over TLS a client that sends ${what} is cut off with 408`, async () => {
      const app = new Hono();
      app.post("/", async (context) => context.text(await context.req.text()));
      const logger = new Log(subject.patience);
      const listener = new Listener(app, {
        port: 0,
        engine: subject.engine,
        logger,
        timeout: 0.5,
        secureSocket: { key },
      });
      await listener.start();
      const socket = await dialTls(listener.port);
      try {
        let answer = "";
        const ended = new Promise((resolve) => socket.on("data", (bytes) => (answer += bytes)).once("end", resolve));
        socket.write(start);
        await subject.within("the end of a slow client", ended, Math.min(4000, subject.patience));
        assert.match(answer, /^HTTP\/1\.1 408 /);
      } finally {
        socket.destroy();
        await listener.immediateStop();
      }
    });
  }

  for (const [way, stop] of [
    ["gracefulStop", (listener: Listener) => listener.gracefulStop({ deadline: 0.2 })],
    ["immediateStop", (listener: Listener) => listener.immediateStop()],
  ] as const) {
    subject.test(
      `R27 over TLS ${way} settles in spite of peers that begin no handshake, or nothing after it`,
      async () => {
        const listener = subject.listener({ secureSocket: { key } });
        await listener.start();
        const { port } = listener;
        const sockets = [await dial(port), await dial(port), await dialTls(port)];
        const [first] = sockets;
        // The beginning of a record; that it has come is seen by the other, which has come after it.
        await new Promise((resolve) => first?.write("\x16\x03\x01\x02\x00\x01", "latin1", resolve));
        await (await dialTls(port)).destroy();
        await subject.within(way, stop(listener), 1500);
        for (const socket of sockets) socket.destroy();
      },
    );
  }

  subject.test("R27 over TLS gracefulStop closes with 1001, and immediateStop leaves nothing open", async () => {
    for (const stop of ["gracefulStop", "immediateStop"] as const) {
      await subject.serve(
        ({ journal }) => ({ onClose: (_caller, code) => journal.add(`close ${code}`) }),
        async (running) => {
          const { listener, journal } = running;
          const { port } = listener;
          const client = await open(running);
          await subject.within(stop, listener[stop](), 5000);
          const { code } = await client.ended();
          if (stop === "gracefulStop") assert.equal(code, 1001);
          assert.equal(journal.entries.length, 1);
          await assert.rejects(dial(port));
        },
        { listener: { secureSocket: { key } } },
      );
    }
  });
}

/** Opens a WebSocket over TLS; it is closed with the listener. */
function open(running: Running, tls: ConnectionOptions = {}, options: ConnectOptions = {}): Promise<RawClient> {
  return running.connect({ ...options, dial: (port, host) => dialTls(port, host, tls) });
}

async function exchange(client: RawClient): Promise<void> {
  await client.send.text("there");
  assert.equal(await client.message(), "there");
}

/** Connects as everybody, and looks who comes through. */
async function guarded(
  subject: Subject,
  gap: string,
  secure: SecureSocket,
  version: "TLSv1.2" | "TLSv1.3",
  welcome: readonly string[],
): Promise<void> {
  await subject.run(
    ({ journal }) =>
      () => {
        journal.add("handler");
        return echo();
      },
    async (running) => {
      for (const [name, shows] of Object.entries(clients)) {
        const opening = open(running, { ...shows, minVersion: version, maxVersion: version });
        if (welcome.includes(name)) await exchange(await opening);
        else await assert.rejects(opening, Error, name);
      }
      assert.equal(running.journal.count("handler"), welcome.length);
    },
    await setup(subject, gap, secure),
  );
}

/** Whether a session can be resumed after some milliseconds. */
async function resumes(subject: Subject, secure: SecureSocket, ms: number): Promise<boolean> {
  let isReused = false;
  await subject.serve(
    echo,
    async ({ listener: { port } }) => {
      const tls: ConnectionOptions = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" };
      const first = await dialTls(port, undefined, tls);
      const session = first.getSession();
      assert.ok(session !== undefined);
      first.destroy();
      await wait(ms);
      const second = await dialTls(port, undefined, { ...tls, session });
      isReused = second.isSessionReused();
      second.destroy();
    },
    await setup(subject, "tlsSessions", secure),
  );
  return isReused;
}

/** Options of a listener; with a gap, those of one that is not held back by what is known of its engine. */
async function setup(subject: Subject, gap: string, secureSocket: SecureSocket): Promise<Setup> {
  if (findGap(subject.engine, gap) === undefined) return { listener: { secureSocket } };
  const { engine }: { engine: Engine } = await import(`../../../adapters/${subject.engine}/mod.ts`);
  const capabilities = { ...engine.capabilities, tls: true, mutualSsl: true };
  return { listener: { secureSocket, engine: { capabilities, listen: engine.listen } } };
}

function isRefusal(status: number): (error: unknown) => boolean {
  return (error) => error instanceof HandshakeRefused && error.response.status === status;
}

function assertClient(certificate: PeerCertificate | undefined): void {
  assert.ok(certificate !== undefined);
  const { subject, issuer, subjectAltName, serialNumber, fingerprint256, validFrom, validTo, raw } = certificate;
  assert.deepEqual([subject.get("CN"), issuer.get("CN"), subjectAltName], ["client", "Test CA", ""]);
  assert.match(serialNumber, /^[0-9A-F]+$/);
  assert.match(fingerprint256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert.ok(validFrom.getTime() < Date.now() && Date.now() < validTo.getTime());
  const der = Buffer.from(pem("client.pem").replace(/-----[^-]+-----|\s/g, ""), "base64");
  assert.deepEqual(Buffer.from(raw), der);
}
