/** Medians of ratios, which hold where the machine changes its speed from one minute to the next. */
import { takeTurns } from "./turns.ts";

/** One round of one row: the same load on the three servers. */
export interface Round {
  readonly raw: number;
  /** The raw server under a second name. */
  readonly again: number;
  readonly ours: number;
}

/** The names of the three, in the order of a round. */
export const NAMES: readonly (keyof Round)[] = ["raw", "again", "ours"];

/** The order of a round: each of them has each place in its turn, for the place tells in the figures, by up to a tenth. */
export function namesOf(round: number): readonly (keyof Round)[] {
  const first = round % NAMES.length;
  return [...NAMES.slice(first), ...NAMES.slice(0, first)];
}

/** What one of the three did in a slice of time. */
export interface Slice {
  readonly cpu: number;
  readonly count: number;
}

/** One of the three, in a round. */
export interface Contestant {
  readonly name: keyof Round;
  /** The processes that run in its turn. */
  readonly pids: readonly number[];
  /** Puts it under load; times in milliseconds, of which it has its share. */
  tell(times: { readonly warmUp: number; readonly window: number }): Promise<Slice>;
}

/** Milliseconds of an opening that is not measured. */
export const OPENING = 250;

/** Milliseconds until a load that has just begun runs evenly. */
const SETTLING = 150;

/**
 * CPU time a message of each of the three: the median of slices of time in which they run by turns, so that whatever else the machine does meets them
 * alike.
 *
 * @param times.warmUp How long they are under load at a stretch before they are measured
 * @param times.openings How often they are put under load before that. @default 0
 */
export async function cpuOf(
  contestants: readonly Contestant[],
  times: { readonly slices: number; readonly slice: number; readonly warmUp: number; readonly openings?: number },
): Promise<Round> {
  const { slices, slice, warmUp, openings = 0 } = times;
  const all = async (warmUp: number, window = slice): Promise<(readonly [keyof Round, Slice])[]> => {
    const end = takeTurns(contestants.map(({ pids }) => pids));
    // All of them, for the answer to what has failed elsewhere would be taken for that to the next question.
    const told = await Promise.allSettled(
      contestants.map(async (contestant) => [contestant.name, await contestant.tell({ warmUp, window })] as const),
    );
    end();
    return told.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
  };
  for (let i = 0; i < openings; i++) await all(OPENING, SETTLING);
  await all(warmUp, SETTLING);
  const found: Record<keyof Round, number[]> = { raw: [], again: [], ours: [] };
  for (let i = 0; i < slices; i++) {
    for (const [name, { cpu, count }] of await all(SETTLING)) {
      if (cpu === 0) throw new Error(`The kernel accounted no time to ${name}`);
      found[name].push(cpu / count);
    }
  }
  return { raw: median(found.raw), again: median(found.again), ours: median(found.ours) };
}

export interface Row {
  readonly contest: string;
  readonly phase: string;
  readonly unit: string;
  readonly bound: number | undefined;
  readonly rounds: readonly Round[];
  /** Why rounds failed. */
  readonly failures: readonly string[];
}

export interface Summary {
  readonly raw: number;
  readonly ours: number;
  readonly ratio: number;
  /** The least and the largest ratio of a round. */
  readonly span: readonly [number, number];
  /** The median of raw to raw, and its least and largest: nothing inside that span is a finding. */
  readonly nil: number;
  readonly nilSpan: readonly [number, number];
  /** `held` or `missed`; `open` when the bound lies inside the noise; `none` without a bound. */
  readonly verdict: "held" | "missed" | "open" | "none";
}

export function summarize(row: Row): Summary {
  // Both names are the raw server, so their mean is the better estimate of it.
  const ratios = row.rounds.map(({ raw, again, ours }) => ours / ((raw + again) / 2));
  const nils = row.rounds.map(({ raw, again }) => again / raw);
  const ratio = median(ratios);
  return {
    raw: median(row.rounds.map(({ raw, again }) => (raw + again) / 2)),
    ours: median(row.rounds.map(({ ours }) => ours)),
    ratio,
    span: [Math.min(...ratios), Math.max(...ratios)],
    nil: median(nils),
    nilSpan: [Math.min(...nils), Math.max(...nils)],
    verdict: judge(row.bound, ratio, standardError(ratios)),
  };
}

function judge(bound: number | undefined, ratio: number, error: number): Summary["verdict"] {
  if (bound === undefined) return "none";
  if (ratio <= bound) return "held";
  return ratio - 2 * error <= bound ? "open" : "missed";
}

/** The median; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

// Of the median, from the median distance to it: 1.25 standard errors of the mean, 1.48 distances a deviation.
function standardError(values: readonly number[]): number {
  const center = median(values);
  const distance = median(values.map((value) => Math.abs(value - center)));
  return (1.25 * 1.48 * distance) / Math.sqrt(values.length);
}
