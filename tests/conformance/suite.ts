/** The one suite: every rule by its number, over real sockets. */
import type { EngineName } from "../../mod.ts";
import { bounds } from "./suite/bounds.ts";
import { closing } from "./suite/closing.ts";
import { errors } from "./suite/errors.ts";
import { idle } from "./suite/idle.ts";
import { order } from "./suite/order.ts";
import { ping } from "./suite/ping.ts";
import { replies } from "./suite/replies.ts";
import { Subject } from "./suite/subject.ts";

/** Registers all tests for one engine. */
export function suite(engine: EngineName): void {
  const subject = new Subject(engine);
  order(subject);
  replies(subject);
  errors(subject);
  closing(subject);
  idle(subject);
  ping(subject);
  bounds(subject);
}
