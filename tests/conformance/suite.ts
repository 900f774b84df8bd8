/** The one suite: every rule by its number, over real sockets. */
import type { EngineName } from "../../mod.ts";
import { bounds } from "./suite/bounds.ts";
import { closing } from "./suite/closing.ts";
import { errors } from "./suite/errors.ts";
import { idle } from "./suite/idle.ts";
import { order } from "./suite/order.ts";
import { ping } from "./suite/ping.ts";
import { replies } from "./suite/replies.ts";
import { handshake } from "./suite/handshake.ts";
import { hono, type Mount } from "./suite/hono.ts";
import { listening } from "./suite/listening.ts";
import { stopping } from "./suite/stopping.ts";
import { capabilities } from "./suite/capabilities.ts";
import { accepting } from "./suite/accepting.ts";
import { Subject } from "./suite/subject.ts";

/** Registers all tests for one engine; `mounts` are the ways to run it in a server of one's own. */
export function suite(engine: EngineName, mounts: readonly Mount[]): void {
  const subject = new Subject(engine);
  order(subject);
  replies(subject);
  errors(subject);
  closing(subject);
  idle(subject);
  ping(subject);
  bounds(subject);
  handshake(subject);
  hono(subject, mounts);
  stopping(subject);
  listening(subject);
  capabilities(subject);
  accepting(subject);
}
