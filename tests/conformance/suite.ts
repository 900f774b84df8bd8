/** The one suite: every rule by its number, over real sockets. */
import type { EngineName } from "../../mod.ts";
import { accepting } from "./suite/accepting.ts";
import { advisories } from "./suite/advisories.ts";
import { authentication } from "./suite/authentication.ts";
import { basic } from "./suite/basic.ts";
import { binding } from "./suite/binding.ts";
import { capabilities } from "./suite/capabilities.ts";
import { closes } from "./suite/closes.ts";
import { closing } from "./suite/closing.ts";
import { errors } from "./suite/errors.ts";
import { guards } from "./suite/guards.ts";
import { handshake } from "./suite/handshake.ts";
import { hono } from "./suite/hono.ts";
import { idle } from "./suite/idle.ts";
import { inbound } from "./suite/inbound.ts";
import { listening } from "./suite/listening.ts";
import type { Mount } from "./suite/mounted.ts";
import { negotiation } from "./suite/negotiation.ts";
import { order } from "./suite/order.ts";
import { outbound } from "./suite/outbound.ts";
import { ping } from "./suite/ping.ts";
import { promises } from "./suite/promises.ts";
import { replies } from "./suite/replies.ts";
import { starting } from "./suite/starting.ts";
import { stopping } from "./suite/stopping.ts";
import { streams } from "./suite/streams.ts";
import { Subject } from "./suite/subject.ts";
import { writes } from "./suite/writes.ts";

/** Registers all tests for one engine; `mounts` are the ways to run it in a server of one's own. */
export function suite(engine: EngineName, mounts: readonly Mount[]): void {
  const subject = new Subject(engine);
  order(subject);
  replies(subject);
  streams(subject);
  errors(subject);
  writes(subject);
  closing(subject);
  closes(subject);
  idle(subject);
  ping(subject);
  inbound(subject);
  outbound(subject);
  handshake(subject);
  negotiation(subject);
  authentication(subject);
  basic(subject);
  binding(subject);
  promises(subject);
  advisories(subject);
  hono(subject, mounts);
  guards(subject, mounts);
  stopping(subject);
  starting(subject);
  listening(subject);
  capabilities(subject);
  accepting(subject);
}
