/**
 * A taxi office: riders and drivers on two paths with a contract each. Rides are streams, offers are pushes.
 *
 *     node examples/taxi/main.ts
 *     deno run -A examples/taxi/main.ts
 *     bun examples/taxi/main.ts
 *
 * Then, beside it, `node examples/taxi/drive.ts Dora` and, as often as you like, `node examples/taxi/ride.ts Ann`.
 * In a project of yours the imports read `from "@switchboard/websocket"` and `from "@switchboard/websocket/contract"`.
 */
import process from "node:process";
import { RequestError } from "../../entries/contract.ts";
import { Listener } from "../../mod.ts";
import { driver, rider } from "./contract.ts";
import { type Driver, Office } from "./office.ts";

const office = new Office();
const listener = new Listener(Number(process.env.PORT ?? 9090));

listener.attach("/rider/:name", ({ params }) => {
  let isRiding = false;
  return rider.service({
    // The stream ends when the rider arrives; when the rider cancels or is gone, `signal` aborts, and the driver is told.
    async *onRequestRide(_caller, { from, to }, { signal }) {
      if (isRiding) throw new RequestError("You have a ride already", { code: "riding" });
      isRiding = true;
      try {
        yield* office.request(params.name, from, to, signal);
      } finally {
        isRiding = false;
      }
    },
  });
});

listener.attach("/driver/:name", ({ params }) => {
  let self: Driver | undefined;
  // Nothing comes before onOpen has run.
  const known = (): Driver => {
    if (self === undefined) throw new Error("The driver has not joined");
    return self;
  };
  return driver.service({
    onOpen(caller) {
      self = { name: params.name, caller };
      office.join(self);
    },
    onAccept(_caller, { ride: id }) {
      const { rider, from, to } = office.accept(known(), id);
      return { rider, from, to };
    },
    onPosition: (_caller, at) => office.move(known(), at),
    onArrive: () => office.arrive(known()),
    // However it ends: the rider gets another driver.
    onClose: () => office.leave(known()),
  });
});

await listener.start();
console.log(`Taxis on ${listener.url}/rider/YOUR_NAME and ${listener.url}/driver/YOUR_NAME`);
