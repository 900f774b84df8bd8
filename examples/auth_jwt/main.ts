/**
 * A JWT from a browser. A page cannot set headers, so it offers its token as a subprotocol, beside the one that it wants to speak.
 *
 *     node examples/auth_jwt/main.ts
 *     deno run -A examples/auth_jwt/main.ts
 *     bun examples/auth_jwt/main.ts
 *
 * In a project of yours the imports read `from "@switchboard/websocket"` and `from "@switchboard/websocket/auth"`, and `npm install jose` brings
 * what signs the tokens here. Usually a login server does that, and `jwks` takes the place of `publicKey`.
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { Hono } from "hono";
import { generateKeyPair, SignJWT } from "jose";
import { jwtAuth } from "../../auth/mod.ts";
import { Listener } from "../../mod.ts";

const lifetime = Number(process.env.TOKEN_SECONDS ?? 30);
const issuer = "https://login.example.com/";
const audience = "notes";
const { publicKey, privateKey } = await generateKeyPair("ES256");

const app = new Hono();
const page = await readFile(new URL("index.html", import.meta.url), "utf8");
app.get("/", (context) => context.html(page));

// Stands for the login server, which would ask for a password.
app.post("/login/:name", async (context) => {
  const name = context.req.param("name");
  const token = await new SignJWT({ scope: name === "guest" ? "notes:read" : "notes:read notes:write" })
    .setProtectedHeader({ alg: "ES256" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(name)
    .setExpirationTime(`${lifetime}s`)
    .sign(privateKey);
  return context.text(token);
});

const notes: string[] = [];
const listener = new Listener(app, { port: Number(process.env.PORT ?? 9090) });
listener.attach(
  "/notes",
  ({ principal }) => ({
    onOpen: () => ({ name: principal?.subject, notes }),
    onTextMessage(_caller, text) {
      // Nobody gets here without a token that is good; what it allows is asked here.
      if (!principal?.scopes.includes("notes:write")) return { error: "You may only read" };
      notes.push(`${principal.subject}: ${text}`);
      return { notes };
    },
  }),
  {
    auth: [jwtAuth({ algorithms: ["ES256"], publicKey, issuer, audience, requiredClaims: ["exp", "sub"] })],
    credentials: ["header", { subProtocol: "bearer" }],
    subProtocols: ["notes.v1"],
    // With 4401 the page knows that its token has expired, and comes back with another.
    closeOnExpiry: true,
  },
);
await listener.start();
console.log(`Open http://localhost:${listener.port}`);
