/** The one suite: every rule by its number, over real sockets. */
import type { EngineName } from "../../mod.ts";
import { errors } from "./suite/errors.ts";
import { order } from "./suite/order.ts";
import { replies } from "./suite/replies.ts";
import { Subject } from "./suite/subject.ts";

/** Registers all tests for one engine. */
export function suite(engine: EngineName): void {
  const subject = new Subject(engine);
  order(subject);
  replies(subject);
  errors(subject);
}
