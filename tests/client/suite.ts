/** The one suite of the client: every rule by its number, over real sockets, with each transport. */
import type { TransportName } from "./gaps.ts";
import { bounds } from "./suite/bounds.ts";
import { causes } from "./suite/causes.ts";
import { compressing } from "./suite/compressing.ts";
import { contractHostile } from "./suite/contract_hostile.ts";
import { contractLoss } from "./suite/contract_loss.ts";
import { contracts } from "./suite/contracts.ts";
import { conversing } from "./suite/conversations.ts";
import { ending } from "./suite/ending.ts";
import { hostile } from "./suite/hostile.ts";
import { opening } from "./suite/opening.ts";
import { reading } from "./suite/reading.ts";
import { reconnecting } from "./suite/reconnecting.ts";
import { retrying } from "./suite/retrying.ts";
import { Subject } from "./suite/subject.ts";

/** Registers all tests for one transport. */
export function suite(transport: TransportName): void {
  const subject = new Subject(transport);
  opening(subject);
  reading(subject);
  bounds(subject);
  conversing(subject);
  compressing(subject);
  causes(subject);
  retrying(subject);
  reconnecting(subject);
  ending(subject);
  hostile(subject);
  contracts(subject);
  contractLoss(subject);
  contractHostile(subject);
}
