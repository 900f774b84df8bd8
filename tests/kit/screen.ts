// A control sequence of ECMA-48, section 5.4.
const SEQUENCE = new RegExp(`^${String.fromCharCode(0x1b)}\\[[0-9;?]*[ -/]*[@-~]`);

/** What a terminal shows: text, and the few sequences that a prompt needs. Anything else that begins with Escape is an error. */
export class Screen {
  /** What has left at the top, and what is there. */
  #rows: string[][] = [[]];
  #row = 0;
  #column = 0;
  #columns: number;
  #rest = "";

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** All rows, without the blanks at their ends. */
  get rows(): string[] {
    return this.#rows.map((row) =>
      Array.from(row, (cell) => cell ?? " ")
        .join("")
        .trimEnd(),
    );
  }

  /** All that is shown, from the first row on. */
  get text(): string {
    return this.rows.join("\n");
  }

  /** Where the cursor stands: the row from the top of everything, and the column. */
  get cursor(): readonly [row: number, column: number] {
    return [this.#row, this.#column];
  }

  /** Makes rows shorter or longer; what is there stays where it is. */
  resize(columns: number): void {
    this.#columns = columns;
  }

  /** Takes what a program writes. */
  write(output: string): void {
    const text = this.#rest + output;
    let at = 0;
    this.#rest = "";
    while (at < text.length) {
      const [sequence] = SEQUENCE.exec(text.slice(at, at + 32)) ?? [];
      if (sequence !== undefined) {
        this.#obey(sequence);
        at += sequence.length;
      } else if (text[at] === "\u001b") {
        if (text.length - at >= 32) throw new Error(`The terminal got ${JSON.stringify(text.slice(at, at + 32))}`);
        this.#rest = text.slice(at);
        return;
      } else {
        const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
        this.#put(character);
        at += character.length;
      }
    }
  }

  #put(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") this.#go(this.#row + 1);
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (character === "\u0007") return;
    else if (character < " " || (character >= "\u007f" && character < "\u00a0")) {
      throw new Error(`The terminal got ${JSON.stringify(character)}`);
    } else {
      // The cursor stays behind the last cell of a row until more comes.
      if (this.#column >= this.#columns) {
        this.#column = 0;
        this.#go(this.#row + 1);
      }
      const row = this.#rows[this.#row] ?? [];
      row[this.#column] = character;
      this.#column += 1;
    }
  }

  #go(row: number): void {
    this.#row = Math.max(0, row);
    while (this.#rows.length <= this.#row) this.#rows.push([]);
  }

  #obey(sequence: string): void {
    const kind = sequence.at(-1);
    const digits = sequence.slice(2, -1);
    const number = Number(digits === "" ? 1 : digits);
    if (kind === "m" || digits.startsWith("?")) return;
    if (kind === "A") this.#go(this.#row - number);
    else if (kind === "B") this.#go(this.#row + number);
    else if (kind === "C") this.#column = Math.min(this.#columns - 1, this.#column + number);
    else if (kind === "D") this.#column = Math.max(0, this.#column - number);
    else if (kind === "G") this.#column = Math.max(1, number) - 1;
    else if (sequence === "\u001b[2K") this.#rows[this.#row]?.splice(0);
    else if (sequence === "\u001b[K" || sequence === "\u001b[0K") this.#rows[this.#row]?.splice(this.#column);
    else if (sequence === "\u001b[J" || sequence === "\u001b[0J") {
      this.#rows[this.#row]?.splice(this.#column);
      this.#rows.splice(this.#row + 1);
    } else throw new Error(`The terminal got ${JSON.stringify(sequence)}`);
  }
}
