/**
 * Whether a service is being developed.
 *
 * @module
 */

/** Tells whether `NODE_ENV` is anything but "production"; where it cannot be read without a question, it is. */
export function isDevelopment(): boolean {
  return readEnvironment() !== "production";
}

function readEnvironment(): unknown {
  const scope: object = globalThis;
  if (!mayRead(scope)) return undefined;
  const env = member(member(scope, "process"), "env");
  return member(env, "NODE_ENV");
}

// Deno would ask whoever sits at the terminal, or throw.
function mayRead(scope: object): boolean {
  const permissions = member(member(scope, "Deno"), "permissions");
  if (permissions === undefined) return true;
  const query = member(permissions, "querySync");
  if (typeof query !== "function") return false;
  const status: unknown = query.call(permissions, { name: "env", variable: "NODE_ENV" });
  return member(status, "state") === "granted";
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
