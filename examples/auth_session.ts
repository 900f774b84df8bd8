/**
 * A login for browsers: a form gives a session, whose cookie lets the page's WebSocket through. Logging out closes it.
 *
 *     node examples/auth_session.ts
 *     deno run -A examples/auth_session.ts
 *     bun examples/auth_session.ts
 *
 * Open the address and log in as ann, whose password is "correct horse".
 *
 * In a project of yours the imports read `from "@switchboard/websocket"` and `from "@switchboard/websocket/auth"`.
 */
import process from "node:process";
import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { hashPassword, verifyPassword } from "../auth/mod.ts";
import { type Caller, Listener, upgrade } from "../mod.ts";

/** Who has logged in, until when, and what is open. */
interface Session {
  readonly user: string;
  readonly expires: number;
  readonly callers: Set<Caller>;
}

type Known = { Variables: { session: Session } };

const HOURS = 8;
const sessions = new Map<string, Session>();
const hashes = new Map([["ann", await hashPassword("correct horse")]]);
// Compared with when nobody has the name, so that the time does not tell which names there are.
const nobody = await hashPassword(crypto.randomUUID());

/** The session whose cookie the request has; one that is over is forgotten. */
function find(context: Context): Session | undefined {
  const id = getCookie(context, "session") ?? "";
  const session = sessions.get(id);
  if (session !== undefined && session.expires >= Date.now()) return session;
  sessions.delete(id);
  return undefined;
}

const requireSession = createMiddleware<Known>(async (context, next) => {
  const session = find(context);
  if (session === undefined) return context.text("Log in first\n", 401);
  context.set("session", session);
  await next();
});

const form = `<!doctype html><title>Log in</title>
<form method="post" action="/login">
  <input name="user" placeholder="Name"> <input name="password" type="password"> <button>Log in</button>
</form>`;
const page = `<!doctype html><title>Live</title>
<form method="post" action="/logout"><button>Log out</button></form> <pre></pre>
<script>
  const socket = new WebSocket("/live");
  const print = (text) => document.querySelector("pre").append(text + "\\n");
  socket.onmessage = ({ data }) => print(data);
  socket.onclose = ({ code, reason }) => print("Closed: " + code + " " + reason);
</script>`;

const app = new Hono<Known>();

app.get("/", (context) => context.html(find(context) === undefined ? form : page));

app.post("/login", async (context) => {
  const { user, password } = await context.req.parseBody();
  if (typeof user !== "string" || typeof password !== "string") return context.text("Send user and password\n", 400);
  const isRight = await verifyPassword(password, hashes.get(user) ?? nobody);
  if (!isRight) return context.text("No such user, or another password\n", 401);
  // A new name for each login: one that was planted before is worth nothing.
  const id = crypto.randomUUID();
  sessions.set(id, { user, expires: Date.now() + HOURS * 3_600_000, callers: new Set() });
  // Over TLS add `secure: true` and call it "__Host-session".
  setCookie(context, "session", id, { httpOnly: true, sameSite: "Lax", path: "/", maxAge: HOURS * 3600 });
  return context.redirect("/", 303);
});

app.post("/logout", requireSession, async (context) => {
  sessions.delete(deleteCookie(context, "session") ?? "");
  const closed = [...context.get("session").callers].map((caller) => caller.close(4401, "Logged out"));
  await Promise.all(closed);
  return context.redirect("/", 303);
});

// A page of another origin cannot use the cookie: by default only pages of this host may connect.
app.get(
  "/live",
  requireSession,
  upgrade<"/live", Context<Known>>(({ context }) => {
    const session = context.get("session");
    return {
      onOpen(caller) {
        session.callers.add(caller);
        return `Hello ${session.user}`;
      },
      onClose: (caller) => void session.callers.delete(caller),
    };
  }),
);

const listener = new Listener(app, { port: Number(process.env.PORT ?? 9090) });
await listener.start();
console.log(`Log in at http://localhost:${listener.port}`);
