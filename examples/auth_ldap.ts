/**
 * The users of an LDAP directory: a function finds the name there, and then tries to log in as what it has found.
 *
 *     node examples/auth_ldap.ts
 *     deno run -A examples/auth_ldap.ts
 *     bun examples/auth_ldap.ts
 *
 * It needs `npm install ldapts`, and a directory: LDAP_URL (ldaps://…), LDAP_BASE, and LDAP_READER with LDAP_PASSWORD, an account that may search.
 *
 * In a project of yours the imports read `from "@switchboard/websocket"`, `from "@switchboard/websocket/auth"` and `from "ldapts"`.
 */
import process from "node:process";
import { basicAuth, type UserStore } from "../auth/mod.ts";
import { AuthError, Listener } from "../mod.ts";

// What is used of ldapts, so that this file needs its types as little as the repository does.
interface Client {
  bind(dn: string, password: string): Promise<void>;
  search(base: string, options: SearchOptions): Promise<{ searchEntries: readonly Entry[] }>;
  unbind(): Promise<void>;
}
interface SearchOptions {
  scope: "sub";
  filter: string;
  attributes: string[];
  sizeLimit: number;
}
interface Entry {
  readonly dn: string;
  readonly [attribute: string]: unknown;
}
interface Ldapts {
  readonly Client: new (options: { url: string; timeout: number; connectTimeout: number }) => Client;
}
const name: string = "ldapts";
const { Client }: Ldapts = await import(name);

const {
  LDAP_URL: url = "ldap://localhost",
  LDAP_BASE: base = "",
  LDAP_READER: reader = "",
  LDAP_PASSWORD: readerPassword = "",
} = process.env;

const directory: UserStore = async (username, password) => {
  // Without a password LDAP logs in anybody, as nobody in particular (RFC 4513, section 5.1.2).
  if (username === "" || password === "") return undefined;
  const client = new Client({ url, timeout: 5000, connectTimeout: 5000 });
  try {
    await client.bind(reader, readerPassword);
    const { searchEntries } = await client.search(base, {
      scope: "sub",
      filter: `(uid=${toFilterValue(username)})`,
      attributes: ["uid", "memberOf"],
      sizeLimit: 2,
    });
    const [entry, another] = searchEntries;
    if (entry === undefined || another !== undefined || !(await canBind(client, entry.dn, password))) return undefined;
    // The directory's own spelling: to LDAP "Ann" and "ann" are one.
    return { subject: String(entry.uid), scopes: toGroups(entry.memberOf), claims: { dn: entry.dn } };
  } catch (error) {
    throw new AuthError("The directory cannot be asked", { status: 503, retryAfter: 5, cause: error });
  } finally {
    await client.unbind().catch(() => {});
  }
};

/** Tells whether the password is that of `dn`. */
async function canBind(client: Client, dn: string, password: string): Promise<boolean> {
  try {
    await client.bind(dn, password);
    return true;
  } catch (error) {
    // 49 is invalidCredentials (RFC 4511, section 4.1.9).
    if (error instanceof Error && "code" in error && error.code === 49) return false;
    throw error;
  }
}

/** Escapes what would mean something in a filter (RFC 4515, section 3), so that nobody can log in as "*". */
function toFilterValue(text: string): string {
  return text.replace(/[\0()*\\]/g, (unit) => `\\${unit.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** The common names of groups: "chat" of "cn=chat,ou=groups,dc=example,dc=com". */
function toGroups(memberOf: unknown): string[] {
  const groups = Array.isArray(memberOf) ? memberOf : [memberOf];
  return groups.flatMap((group) => /^cn=([^,]+),/i.exec(String(group))?.[1] ?? []);
}

const listener = new Listener(Number(process.env.PORT ?? 9090));
listener.attach(
  "/hello",
  ({ principal }) => ({ onOpen: () => `Hello ${principal?.subject}, member of ${principal?.scopes.join(", ")}` }),
  { auth: [basicAuth({ users: directory, realm: "directory" })] },
);
await listener.start();
console.log(`Hello on ${listener.url}/hello`);
