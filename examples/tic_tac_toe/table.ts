/** A table with two seats, and whoever looks on. */
import { type CallerOf, RequestError } from "../../entries/contract.ts";
import type { Mark, ticTacToe } from "./contract.ts";
import { Game, toOther } from "./game.ts";

type Page = CallerOf<typeof ticTacToe>;

const MARKS = ["X", "O"] as const;

export class Table {
  readonly #pages = new Set<Page>();
  readonly #seats = new Map<Mark, Page>();
  readonly #rematch = new Set<Mark>();
  #game = new Game("X");

  get isEmpty(): boolean {
    return this.#pages.size === 0;
  }

  /** The first two play, whoever comes later looks on. */
  join(page: Page): void {
    this.#pages.add(page);
    const seat = this.#freeSeat();
    if (seat !== undefined) this.#seats.set(seat, page);
    this.#show();
  }

  /** Frees the seat. The board stays as it is, for whoever takes it. */
  leave(page: Page): void {
    this.#pages.delete(page);
    const seat = this.#seatOf(page);
    if (seat !== undefined) this.#seats.delete(seat);
    this.#rematch.clear();
    this.#show();
  }

  sit(page: Page): void {
    const seat = this.#freeSeat();
    if (this.#seatOf(page) !== undefined) throw new RequestError("You have a seat already", { code: "seated" });
    if (seat === undefined) throw new RequestError("Both seats are taken", { code: "taken" });
    this.#seats.set(seat, page);
    this.#show();
  }

  move(page: Page, cell: number): void {
    const mark = this.#player(page);
    if (this.#seats.size < 2) throw new RequestError("Nobody plays against you", { code: "alone" });
    this.#game.move(mark, cell);
    this.#show();
  }

  /** Begins anew when both want to; who was second begins. */
  rematch(page: Page): void {
    const mark = this.#player(page);
    if (this.#game.outcome === "") throw new RequestError("The game is not over", { code: "not_over" });
    this.#rematch.add(mark);
    if (this.#rematch.size === 2) {
      this.#game = new Game(toOther(this.#game.first));
      this.#rematch.clear();
    }
    this.#show();
  }

  #player(page: Page): Mark {
    const mark = this.#seatOf(page);
    if (mark === undefined) throw new RequestError("You are looking on", { code: "spectator" });
    return mark;
  }

  #seatOf(page: Page): Mark | undefined {
    return MARKS.find((mark) => this.#seats.get(mark) === page);
  }

  #freeSeat(): Mark | undefined {
    return MARKS.find((mark) => !this.#seats.has(mark));
  }

  // Everybody gets all there is to know: a page that comes back has missed nothing.
  #show(): void {
    const { board, turn, outcome, line } = this.#game;
    const spectators = this.#pages.size - this.#seats.size;
    const seated = [...this.#seats.keys()];
    const rematch = [...this.#rematch];
    for (const page of this.#pages) {
      const you = this.#seatOf(page) ?? "spectator";
      void page.send("state", { you, board, turn, outcome, line, seated, spectators, rematch });
    }
  }
}
