/**
 * A worker that comes back: it gets its token from an authorization server, and another one when its connection is closed with 4401.
 *
 *     node examples/worker_oauth2.ts
 *     deno run -A examples/worker_oauth2.ts
 *     bun examples/worker_oauth2.ts
 *
 * In a project of yours the imports read `from "@switchboard/websocket"`, with `/auth`, `/client` and `/client/auth`. The service and the
 * authorization server run elsewhere, behind TLS; here small ones run beside the worker. A token lasts TOKEN_SECONDS, 20 unless set.
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { oauth2 } from "../auth/client/mod.ts";
import { oauth2Introspection } from "../auth/mod.ts";
import { Client } from "../entries/client.ts";
import { Listener } from "../mod.ts";

const clientId = "worker";
const clientSecret = crypto.randomUUID();
const authorizationServer = await startAuthorizationServer(Number(process.env.TOKEN_SECONDS ?? 20));
const listener = await startService();
console.log(`Jobs on ${listener.url}/jobs, tokens from ${authorizationServer}`);

const worker = await Client.connect(`ws://localhost:${listener.port}/jobs`, {
  // All clients that are given the same function share its token.
  auth: oauth2({ clientCredentials: { tokenUrl: `${authorizationServer}/token`, clientId, clientSecret } }),
  // A second 4401 before `stableAfter` is final, so that a server that takes no token at all is not asked for ever.
  retryConfig: { interval: 0.2, backOffFactor: 2, stableAfter: 0.5 },
});
worker.addEventListener("reconnecting", ({ cause, wait }) => {
  console.log(`${cause.message}: again in ${wait.toFixed(1)} s`);
});

// Ends when the client does, and not with one of its connections.
for await (const message of worker) {
  const { job } = JSON.parse(String(message));
  await sleep(200);
  console.log(`Job ${job} is done`);
  // Waits for the next connection when there is none.
  await worker.writeTextMessage(JSON.stringify({ done: job }));
}
const { code, reason } = await worker.closed;
console.log(`The end: ${code} ${reason}`);

/** Gives out one job after another. */
async function startService(): Promise<Listener> {
  const service = new Listener(Number(process.env.PORT ?? 9090));
  let job = 1;
  const tokens = oauth2Introspection({ url: `${authorizationServer}/introspect`, clientId, clientSecret });
  service.attach(
    "/jobs",
    () => ({
      // One that is not known to be done is given again: a worker may do it twice, and must not mind.
      onOpen: () => ({ job }),
      onTextMessage(_caller, text) {
        if (JSON.parse(text).done !== job) return undefined;
        job += 1;
        return { job };
      },
    }),
    // Closes with 4401 when the token expires.
    { auth: [tokens] },
  );
  await service.start();
  return service;
}

/** Stands for the authorization server of your company. */
async function startAuthorizationServer(seconds: number): Promise<string> {
  const tokens = new Map<string, number>();
  const app = new Hono();
  // What the worker shows to get a token, and the service to ask about one. They would have a secret each.
  app.use(basicAuth({ username: clientId, password: clientSecret }));

  app.post("/token", async (context) => {
    const { grant_type } = await context.req.parseBody();
    if (grant_type !== "client_credentials") return context.json({ error: "unsupported_grant_type" }, 400);
    const token = crypto.randomUUID();
    tokens.set(token, Date.now() / 1000 + seconds);
    console.log(`Token ${tokens.size} was issued`);
    return context.json({ access_token: token, token_type: "Bearer", expires_in: seconds });
  });

  app.post("/introspect", async (context) => {
    const { token } = await context.req.parseBody();
    const exp = tokens.get(String(token)) ?? 0;
    const active = exp > Date.now() / 1000;
    return context.json(active ? { active, exp, sub: "worker-7" } : { active });
  });

  const server = new Listener(app, { port: 0, host: "127.0.0.1" });
  await server.start();
  return `http://127.0.0.1:${server.port}`;
}
