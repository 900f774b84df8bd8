/**
 * What riders and drivers say to the taxi office: two contracts, for they are told and may ask different things.
 *
 * In a project of yours the import reads `from "@switchboard/websocket/contract"`.
 */
import * as v from "valibot";
import { contract } from "../../entries/contract.ts";

const Point = v.object({ x: v.number(), y: v.number() });

/** How a ride goes, from the call for it to its end. */
const Progress = v.variant("status", [
  v.object({ status: v.literal("searching"), drivers: v.number() }),
  v.object({ status: v.literal("accepted"), driver: v.string() }),
  v.object({ status: v.literal("position"), at: Point }),
  v.object({ status: v.literal("arrived") }),
]);

export const rider = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    // To cancel the stream cancels the ride.
    request_ride: { message: v.object({ from: Point, to: Point }), reply: Progress, stream: true },
  },
});

export const driver = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    accept: { message: v.object({ ride: v.string() }), reply: v.object({ rider: v.string(), from: Point, to: Point }) },
    // Sent without an id, as often as the car moves: nothing is answered.
    position: { message: Point },
    arrive: { message: v.object({}) },
  },
  pushes: {
    offer: v.object({ ride: v.string(), rider: v.string(), from: Point, to: Point }),
    // Somebody else has it, or the rider has changed their mind.
    withdrawn: v.object({ ride: v.string() }),
  },
});

export type Point = v.InferOutput<typeof Point>;
export type Progress = v.InferOutput<typeof Progress>;
