/** What the handlers of services with schemas, and with options in a variable, are typed as. */
import { object, optional, pipe, string, toNumber, transform } from "valibot";
import { Listener, type Principal, type ServiceConfig, upgrade } from "../../../mod.ts";
import type { Equal, Expect } from "./expect.ts";

const listener = new Listener(0);
const config: ServiceConfig = { idleTimeout: 60 };

listener.attach("/variable/:name", ({ params }) => ({ onOpen: () => params.name }), config);

listener.attach(
  "/rooms/:room",
  ({ params, query, headers, principal }) => {
    type Checks = [
      Expect<Equal<typeof params, { room: number }>>,
      Expect<Equal<typeof query, { page?: string | undefined }>>,
      Expect<Equal<typeof headers, Headers>>,
      Expect<Equal<typeof principal, Principal | undefined>>,
    ];
    return { onOpen: (): string => `${params.room satisfies Checks extends unknown ? number : never}` };
  },
  { params: object({ room: pipe(string(), toNumber()) }), query: object({ page: optional(string()) }) },
);

upgrade(
  {
    headers: object({
      host: pipe(
        string(),
        transform((host) => host.length),
      ),
    }),
  },
  ({ headers, params }) => {
    const length: number = headers.host;
    // @ts-expect-error The schema knows no such header.
    headers.origin;
    return { onOpen: () => `${length} ${params.room}` };
  },
);

upgrade<"/rooms/:room">({ idleTimeout: 5 }, ({ params, query }) => {
  // @ts-expect-error The path has no such parameter.
  params.nobody;
  return { onOpen: () => `${params.room} ${query.get("page")}` };
});

// @ts-expect-error A schema follows the standard.
upgrade({ params: { parse: () => ({}) } }, () => ({}));
