/**
 * The end of a listener (R27).
 *
 * @module
 */

import { LONGEST } from "./clock.ts";
import type { Server } from "./engine.ts";
import type { Host } from "./host.ts";

/** How a stop goes. */
export interface StopOptions {
  /** Seconds until what is left is dropped. @default 10 */
  deadline?: number | undefined;
}

/**
 * Closes every connection with 1001 and lets running callbacks finish; drops what is left after `deadline` milliseconds and closes the port.
 *
 * Settles at the deadline whatever the callbacks do.
 */
export async function stopAll(host: Host, server: Pick<Server, "close">, deadline: number): Promise<void> {
  const { promise: overdue, resolve } = Promise.withResolvers<void>();
  let late = deadline === 0;
  // A stop that is sooner than one that waits ends that too.
  host.overrun?.();
  // Not a timer of the clock, which would let the process end before the deadline.
  const overrun = (): void => {
    late = true;
    resolve();
  };
  host.overrun = overrun;
  const timer = setTimeout(overrun, Math.min(deadline, LONGEST));
  const { sweep } = host;
  // More than once: an upgrade that was accepted just before opens while the others close.
  while (!late && sweep.members.length > 0) {
    await Promise.race([Promise.all(sweep.members.map((member) => member.stop(deadline))), overdue]);
    // Or a member that has stopped and does not leave would keep the deadline from coming.
    await host.turn();
  }
  for (const member of [...sweep.members]) member.drop();
  // Bun counts a connection as ended while its last bytes are on their way: force would cut them off.
  const closed = late ? false : await Promise.race([server.close(false).then(() => true), overdue]);
  clearTimeout(timer);
  sweep.rest();
  if (closed !== true) await server.close(true);
}
