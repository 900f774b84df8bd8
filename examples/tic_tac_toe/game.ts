/** The rules of the game. */
import { RequestError } from "../../entries/contract.ts";
import type { Mark, State } from "./contract.ts";

const LINES = [
  [0, 1, 2],
  [3, 4, 5],
  [6, 7, 8],
  [0, 3, 6],
  [1, 4, 7],
  [2, 5, 8],
  [0, 4, 8],
  [2, 4, 6],
];

export function toOther(mark: Mark): Mark {
  return mark === "X" ? "O" : "X";
}

export class Game {
  readonly first: Mark;
  readonly board: State["board"] = new Array(9).fill("");
  turn: Mark;
  outcome: State["outcome"] = "";
  line: number[] = [];

  constructor(first: Mark) {
    this.first = first;
    this.turn = first;
  }

  /** Whatever a page allows: what counts is decided here. */
  move(mark: Mark, cell: number): void {
    if (this.outcome !== "") throw new RequestError("The game is over", { code: "over" });
    if (this.turn !== mark) throw new RequestError("It is not your turn", { code: "not_your_turn" });
    if (this.board[cell] !== "") throw new RequestError("This cell is taken", { code: "taken" });
    this.board[cell] = mark;
    this.turn = toOther(mark);
    const line = LINES.find((cells) => cells.every((index) => this.board[index] === mark));
    if (line !== undefined) {
      this.line = line;
      this.outcome = mark;
    } else if (!this.board.includes("")) this.outcome = "draw";
  }
}
