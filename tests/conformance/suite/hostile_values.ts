/** R9 for what cannot even be looked at: a Proxy that was revoked or whose traps throw, and callbacks behind getters that throw. */
import assert from "node:assert/strict";
import type { Service } from "../../../mod.ts";
import { gate, type Running, type Subject } from "./subject.ts";

const fail = (): never => {
  throw new Error("on purpose");
};

const values: Readonly<Record<string, () => unknown>> = {
  "a revoked Proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "a Proxy whose traps throw": () => new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail }),
  "a Proxy without a prototype to read": () => new Proxy({}, { getPrototypeOf: fail }),
};

const ways: Readonly<Record<string, (value: unknown) => unknown>> = {
  throws(value) {
    throw value;
  },
  "rejects with": async (value) => {
    await undefined;
    throw value;
  },
};

type Name = "onOpen" | "onTextMessage" | "onIdleTimeout" | "onClose" | "onError";

const getters = [
  "onOpen",
  "onTextMessage",
  "onMessage",
  "onBinaryMessage",
  "onIdleTimeout",
  "onClose",
  "onError",
] as const;

export function hostileValues(subject: Subject): void {
  for (const name of ["onOpen", "onTextMessage", "onIdleTimeout", "onClose", "onError"] as const) {
    subject.test(`R9 ${name} may throw what cannot be looked at: one line is logged, the connection ends`, async () => {
      for (const [what, make] of Object.entries(values)) {
        for (const [how, act] of Object.entries(ways)) {
          await ends(
            subject,
            `${name} ${how} ${what}`,
            name,
            toService(name, () => act(make())),
          );
        }
      }
    });
  }

  subject.test("R9 onClose may resolve to what cannot be looked at", async () => {
    for (const [what, make] of Object.entries(values)) {
      await ends(subject, what, undefined, { onClose: async () => make() as undefined });
    }
  });

  for (const name of getters) {
    subject.test(`R9 ${name} may be a getter that throws: the connection ends, and leaves nothing behind`, async () => {
      const service = Object.defineProperty({}, name, { get: fail, enumerable: true }) as Service;
      if (name === "onError") service.onTextMessage = fail;
      await ends(subject, name, name, service);
    });
  }

  subject.test("R9 a service may be revoked while it serves", async () => {
    const { proxy, revoke } = Proxy.revocable<Service>({ onOpen: () => "hello" }, {});
    await run(subject, proxy, async ({ connect, log }) => {
      const client = await connect();
      assert.equal(await client.message(), "hello");
      revoke();
      await client.send.text("go");
      assert.equal((await client.ended()).code, 1011);
      await log.until(/^error A callback failed after the end/);
    });
  });
}

function toService(name: Name, act: () => unknown): Service {
  const service: Service = { [name]: act };
  if (name === "onError") service.onTextMessage = fail;
  return service;
}

/** Runs a service whose callback `name` fails, and sees that its connection ends and is forgotten. */
async function ends(subject: Subject, title: string, name: string | undefined, service: Service): Promise<void> {
  await run(
    subject,
    service,
    async ({ connect, log }) => {
      const client = await connect();
      if (name === "onClose" || name === undefined) await client.send.close(1000);
      else if (name === "onBinaryMessage") await client.send.binary(Uint8Array.of(1));
      else if (name !== "onOpen" && name !== "onIdleTimeout") await client.send.text("go");
      const { code } = await client.ended();
      assert.equal(code, name === "onClose" || name === undefined ? 1000 : 1011, title);
      if (name !== undefined) await log.until(/^error (?:A callback|onError) failed/);
    },
    name === "onIdleTimeout",
  );
}

async function run(
  subject: Subject,
  service: Service,
  use: (running: Running) => Promise<void>,
  isIdle = false,
): Promise<void> {
  await subject.serve(
    () => service,
    async (running) => {
      await use(running);
      const late = gate<never>();
      const timer = setTimeout(() => late.reject(new Error("The connection was not forgotten")), 1500);
      await Promise.race([running.listener.gracefulStop({ deadline: 5 }), late.promise]);
      clearTimeout(timer);
    },
    { config: { idleTimeout: isIdle ? 0.05 : 0 }, logs: /failed/ },
  );
}
