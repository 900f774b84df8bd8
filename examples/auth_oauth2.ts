/**
 * Tokens that mean nothing to the service: it asks the authorization server about each (OAuth2 introspection, RFC 7662).
 *
 *     node examples/auth_oauth2.ts
 *     deno run -A examples/auth_oauth2.ts
 *     bun examples/auth_oauth2.ts
 *
 * In a project of yours the imports read `from "@switchboard/websocket"` and `from "@switchboard/websocket/auth"`. The authorization server
 * runs elsewhere, and its `url` is https; here a small one runs beside the service.
 */
import process from "node:process";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { oauth2Introspection } from "../auth/mod.ts";
import { Listener } from "../mod.ts";

const clientId = "news";
const clientSecret = crypto.randomUUID();
const authorizationServer = await startAuthorizationServer();

const listener = new Listener(Number(process.env.PORT ?? 9090));
const news: string[] = [];
listener.attach(
  "/news",
  ({ principal }) => ({
    onOpen: () => ({ name: principal?.subject, scopes: principal?.scopes }),
    onTextMessage(_caller, text) {
      if (!principal?.scopes.includes("news:write")) return { error: "You may only read" };
      news.push(`${principal.subject}: ${text}`);
      return { news };
    },
  }),
  {
    auth: [
      oauth2Introspection({
        url: `${authorizationServer}/introspect`,
        clientId,
        clientSecret,
        scopes: ["news:read", "news:write"],
        // With `cache: { ttl: 30 }` a busy service asks less often, and learns up to 30 s late that a token was revoked.
      }),
    ],
  },
);
await listener.start();
console.log(`News on ${listener.url}/news, tokens from ${authorizationServer}`);

/** Stands for the authorization server of your company. */
async function startAuthorizationServer(): Promise<string> {
  const tokens = new Map<string, { sub: string; scope: string; exp: number }>();
  const app = new Hono();

  // A real one asks who you are first.
  app.post("/token/:name", async (context) => {
    const { scope } = await context.req.parseBody();
    const token = crypto.randomUUID();
    const exp = Math.floor(Date.now() / 1000) + 600;
    tokens.set(token, { sub: context.req.param("name"), scope: String(scope ?? ""), exp });
    return context.json({ access_token: token, token_type: "Bearer", expires_in: 600 });
  });

  // Only services that it knows may ask about tokens.
  app.use("/introspect", basicAuth({ username: clientId, password: clientSecret }));
  app.post("/introspect", async (context) => {
    const { token } = await context.req.parseBody();
    const claims = tokens.get(String(token));
    const active = claims !== undefined && claims.exp > Date.now() / 1000;
    return context.json(active ? { active, ...claims } : { active });
  });

  app.post("/revoke", async (context) => {
    const { token } = await context.req.parseBody();
    tokens.delete(String(token));
    return context.body(null);
  });

  const server = new Listener(app, { port: 0, host: "127.0.0.1" });
  await server.start();
  return `http://127.0.0.1:${server.port}`;
}
