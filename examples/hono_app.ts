/**
 * A service in a Hono app, behind the app's own middleware: whoever is not logged in gets 401 instead of a connection.
 *
 *     node examples/hono_app.ts
 *     deno run -A examples/hono_app.ts
 *     bun examples/hono_app.ts
 *
 * In a project of yours the import reads `from "@switchboard/websocket"`.
 */
import process from "node:process";
import { type Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { Listener, upgrade } from "../mod.ts";

type Logged = { Variables: { user: string } };

const sessions = new Map<string, string>();

const requireLogin = createMiddleware<Logged>(async (context, next) => {
  const user = sessions.get(getCookie(context, "session") ?? "");
  if (user === undefined) return context.text("Log in first: POST /login/YOUR_NAME\n", 401);
  context.set("user", user);
  await next();
});

const app = new Hono<Logged>();

app.post("/login/:name", (context) => {
  const session = crypto.randomUUID();
  sessions.set(session, context.req.param("name"));
  setCookie(context, "session", session, { httpOnly: true, sameSite: "Lax" });
  return context.text("You are logged in\n");
});

// From here on everything needs a login, upgrades too.
app.use("/me/*", requireLogin);
app.get("/me/name", (context) => context.text(`${context.get("user")}\n`));
app.get(
  "/me/live/:topic",
  upgrade<"/me/live/:topic", Context<Logged>>({ idleTimeout: 300 }, ({ params, context }) => {
    const user = context.get("user"); // what the middleware has set
    return {
      onOpen: () => `${user}, you are on ${params.topic}`,
      onTextMessage: (_caller, text) => `${user} said ${text}`,
    };
  }),
);

const listener = new Listener(app, { port: Number(process.env.PORT ?? 9090) });
await listener.start();
console.log(`The app is on http://localhost:${listener.port}, its service on ${listener.url}/me/live/news`);
