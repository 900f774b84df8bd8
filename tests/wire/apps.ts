/** An upgrade beside the other routes of an app, and behind other requests of its connection: RFC 9112, section 9.3. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Hono } from "hono";
import { type EngineName, Listener, UpgradeError, upgrade } from "../../mod.ts";
import { findGap, gapTest } from "../conformance/gaps.ts";
import { connect, dial, request, toFrame, toHandshake } from "../kit/raw_client.ts";
import { Waiter } from "../kit/waiter.ts";
import { checkAccepted } from "./handshake.ts";
import { PATIENCE, Peer } from "./harness.ts";

/** Registers the tests. */
export function testApps(engine: EngineName): void {
  gapTest(engine, undefined, "An Upgrade request to a plain route of an app gets its ordinary answer", async () => {
    const app = new Hono();
    app.get("/plain", (context) => context.text("Hello\n"));
    await withApp(engine, app, async (port) => {
      const answer = await request(port, toHandshake(port, { path: "/plain" }));
      assert.equal(answer.status, 200);
      assert.equal(answer.body, "Hello\n");
    });
  });
  gapTest(
    engine,
    undefined,
    "Headers that middleware sets are on the 101, but for those of the connection",
    async () => {
      const app = new Hono();
      app.use(async (context, next) => {
        context.header("X-Before", "1");
        await next();
        context.header("X-After", "2");
        context.header("Set-Cookie", "c=3", { append: true });
        context.header("Connection", "close");
        context.header("Sec-WebSocket-Protocol", "forged");
      });
      app.get(
        "/",
        upgrade(() => new Peer()),
      );
      await withApp(engine, app, async (port) => {
        const client = await connect(port);
        const { response } = client;
        client.destroy();
        checkAccepted(response);
        assert.equal(response.header("x-before"), "1");
        assert.equal(response.header("x-after"), "2");
        assert.deepEqual(response.headerAll("set-cookie"), ["c=3"]);
      });
    },
  );
  testPipelines(engine);
}

const BEHIND: readonly (readonly [path: string, status: number, last: string])[] = [
  ["/open", 101, "\r\n\r\n\x81\x04open"],
  ["/refused", 401, "\r\n\r\nLog in\n"],
];

function testPipelines(engine: EngineName): void {
  const app = new Hono();
  app.get("/slow", async (context) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    // Longer than what a socket takes at once, so that it has to go on when there is room.
    const parts = Array.from({ length: 3 }, () => new Uint8Array(100_000).fill(0x2e));
    return context.body(
      new ReadableStream({ pull: (out) => (parts.length > 0 ? out.enqueue(parts.pop()) : out.close()) }),
    );
  });
  app.get(
    "/open",
    upgrade(() => ({ onOpen: () => "open" })),
  );
  app.get(
    "/refused",
    upgrade(() => new UpgradeError("Log in", { status: 401 })),
  );
  const patience = findGap(engine, "pipeline") === undefined ? PATIENCE : 300;
  for (const [path, status, last] of BEHIND) {
    gapTest(
      engine,
      "pipeline",
      `RFC 9112, 9.3.2: an upgrade behind a request is answered with ${status} when that is answered`,
      () =>
        withAnswers(engine, app, patience, async (port, answers) => {
          answers.ask(`GET /slow HTTP/1.1\r\nHost: x\r\n\r\n${toHandshake(port, { path })}`);
          await answers.until(last);
          const [first = "", second = "", ...more] = answers.text.split(/(?=HTTP\/1\.1 )/);
          assert.match(first, /^HTTP\/1\.1 200 /);
          assert.equal(first.split("\r\n\r\n")[1]?.replaceAll(/[^.]/g, "").length, 300_000);
          assert.ok(second.startsWith(`HTTP/1.1 ${status} `), second);
          assert.deepEqual(more, []);
        }),
    );
  }
  gapTest(engine, "pipeline", "an upgrade behind responses that were not read for long is read", () =>
    testUnread(engine, patience),
  );
  gapTest(engine, undefined, "RFC 9112, 9.6: a refusal says that the connection ends, or it goes on", () =>
    withAnswers(engine, app, PATIENCE, async (port, answers) => {
      answers.ask(toHandshake(port, { path: "/open", headers: { "Sec-WebSocket-Version": "12" } }));
      await answers.until("protocol\n");
      assert.match(answers.text, /^HTTP\/1\.1 426 /);
      assert.match(answers.text, /\r\nconnection: upgrade\b/i);
      const ends = /\r\nconnection: .*\bclose\r\n/i.test(answers.text);
      answers.ask("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
      await answers.until("404 Not Found");
      assert.equal(answers.text.includes("404 Not Found"), !ends);
    }),
  );
}

async function testUnread(engine: EngineName, patience: number): Promise<void> {
  const app = new Hono();
  const asked = Promise.withResolvers<void>();
  // More than what the kernel takes.
  app.get("/large", (context) => context.body("-".repeat(16_777_216)));
  app.get("/small", (context) => {
    asked.resolve();
    return context.body("-");
  });
  app.get(
    "/echo",
    upgrade(() => ({ onTextMessage: (_caller, text) => text })),
  );
  await withApp(engine, app, async (port) => {
    const socket = await dial(port);
    const waiter = new Waiter();
    let last = "";
    socket.on("data", (chunk) => {
      last = (last + chunk.toString("latin1")).slice(-1000);
      waiter.wake();
    });
    try {
      socket.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
      await waiter.until("the first of it", () => last !== "", patience);
      socket.pause();
      socket.write(`GET /small HTTP/1.1\r\nHost: x\r\n\r\n${toHandshake(port, { path: "/echo" })}`);
      // The others ask for the second response when the first has left.
      if (engine === "node" && findGap(engine, "pipeline") === undefined) await asked.promise;
      socket.resume();
      await waiter.until("the 101", () => /-HTTP\/1\.1 101 .*\r\n\r\n$/s.test(last), patience);
      socket.write(toFrame({ payload: "Hello" }));
      await waiter.until("the echo", () => last.endsWith("\x81\x05Hello"), patience);
    } finally {
      socket.destroy();
    }
  });
}

async function withAnswers(
  engine: EngineName,
  app: Hono,
  patience: number,
  run: (port: number, answers: Answers) => Promise<void>,
): Promise<void> {
  await withApp(engine, app, async (port) => {
    const answers = new Answers(await dial(port), patience);
    try {
      await run(port, answers);
    } finally {
      answers.destroy();
    }
  });
}

/** What comes over one connection, in one text. */
class Answers {
  text = "";
  readonly #socket: Socket;
  readonly #patience: number;
  readonly #waiter = new Waiter();
  #isOver = false;

  constructor(socket: Socket, patience: number) {
    this.#socket = socket;
    this.#patience = patience;
    socket.on("data", (chunk) => {
      this.text += chunk.toString("latin1");
      this.#waiter.wake();
    });
    const end = () => {
      this.#isOver = true;
      this.#waiter.wake();
    };
    socket.on("end", end).on("close", end);
  }

  ask(text: string): void {
    this.#socket.write(text);
  }

  /** Waits until it ends so, or the connection does. */
  async until(last: string): Promise<void> {
    const isThere = () => this.#isOver || this.text.endsWith(last);
    await this.#waiter.until(JSON.stringify(last), isThere, this.#patience, () => this.text.replaceAll(".", ""));
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

async function withApp(engine: EngineName, app: Hono, run: (port: number) => Promise<void>): Promise<void> {
  const listener = new Listener(app, { port: 0, host: "127.0.0.1", engine });
  await listener.start();
  try {
    await run(listener.port);
  } finally {
    await listener.immediateStop();
  }
}
