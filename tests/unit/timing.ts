import assert from "node:assert/strict";

/** Milliseconds. Hostile input takes a tenth of it or less in linear time, and seconds in quadratic time, on any machine. */
const LINEAR = 250;

/** Asserts that a call takes linear time: the quickest of up to 20, since what a busy machine adds is in some of them, what the input costs in each. */
export async function takesLinearTime(call: () => unknown, what?: string): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < 20 && least >= LINEAR; index++) {
    const begin = performance.now();
    await call();
    least = Math.min(least, performance.now() - begin);
  }
  assert.ok(least < LINEAR, `${what ?? "the call"} took ${least} ms`);
}

/** What is measured. */
type Call = (input: string) => Promise<unknown>;

/**
 * How surely two inputs of a function can be told apart by its time: the least |t| of Welch's test in up to eight rounds of 2,000 calls
 * for each. What differs does so in every round; what a busy machine adds does not. Over 4.5 is taken for a leak, as dudect does.
 *
 * It is one function that is called, since a compiler may treat two alike ones unalike.
 */
export async function leak(call: Call, a: string, b: string): Promise<number> {
  await round(call, [a, b], 500);
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < 8 && least > 3; index++) least = Math.min(least, await round(call, [a, b], 2000));
  return least;
}

async function round(call: Call, inputs: readonly [string, string], calls: number): Promise<number> {
  const times: [number[], number[]] = [[], []];
  for (let index = 0; index < calls; index++) {
    // The order changes, so that a call's effect on the next falls to both.
    for (const which of index % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const input = inputs[which];
      const begin = performance.now();
      await call(input);
      times[which].push(performance.now() - begin);
    }
  }
  return Math.abs(welch(...times));
}

/** Welch's t, of the faster nine tenths of all: collected garbage and other processes are in the rest. */
function welch(a: readonly number[], b: readonly number[]): number {
  const limit = [...a, ...b].sort((x, y) => x - y)[Math.floor((a.length + b.length) * 0.9)] ?? 0;
  const [first, second] = [a, b].map((times) => moments(times.filter((time) => time <= limit)));
  if (first === undefined || second === undefined) return 0;
  const spread = Math.sqrt(first.variance / first.count + second.variance / second.count);
  return spread === 0 ? 0 : (first.mean - second.mean) / spread;
}

function moments(times: readonly number[]): { count: number; mean: number; variance: number } {
  const count = times.length;
  const mean = times.reduce((sum, time) => sum + time, 0) / count;
  return { count, mean, variance: times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (count - 1) };
}
