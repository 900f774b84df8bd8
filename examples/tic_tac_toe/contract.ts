/**
 * What the pages and the game say to each other. The page is plain JavaScript and imports nothing: it writes and reads these messages as they are.
 *
 * In a project of yours the import reads `from "@switchboard/websocket/contract"`.
 */
import * as v from "valibot";
import { contract } from "../../entries/contract.ts";

const Mark = v.picklist(["X", "O"]);

/** All that a page shows. */
const State = v.object({
  you: v.picklist(["X", "O", "spectator"]),
  board: v.pipe(v.array(v.picklist(["X", "O", ""])), v.length(9)),
  turn: Mark,
  /** Who has won, "draw", or "" while the game goes on. */
  outcome: v.picklist(["X", "O", "draw", ""]),
  /** The three cells that won. */
  line: v.array(v.number()),
  /** The seats that are taken. */
  seated: v.array(Mark),
  spectators: v.number(),
  /** Who wants to play again. */
  rematch: v.array(Mark),
});

export const ticTacToe = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    move: { message: v.object({ cell: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8)) }) },
    sit: { message: v.object({}) },
    rematch: { message: v.object({}) },
  },
  pushes: { state: State },
});

export type Mark = v.InferOutput<typeof Mark>;
export type State = v.InferOutput<typeof State>;
