/**
 * What the type tests of this folder are written with. `npm run check` compiles every file here, and runs none:
 * `bun_*.ts` against Bun's types, `deno_*.ts` by Deno itself, any other against Node's.
 *
 * @example
 * type _1 = Expect<Equal<ReturnType<typeof closeFrame>, CloseFrame>>;
 * // @ts-expect-error a code is a number
 * closeFrame("4000");
 */

/** Whether two types are the same, and not only assignable to each other. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only for `true`. */
export type Expect<T extends true> = T;
