/** Ends what a test has started, whatever becomes of the test. Node 22 has no `await using`. */

/** Makes something the scope's own: it is disposed of at the end. */
export type Own = <Thing extends AsyncDisposable>(thing: Thing) => Thing;

/** Runs a test; disposes of its own things at the end, the last one first. */
export async function scoped<Value>(use: (own: Own) => Promise<Value>): Promise<Value> {
  const things: AsyncDisposable[] = [];
  try {
    return await use((thing) => {
      things.push(thing);
      return thing;
    });
  } finally {
    for (const thing of things.reverse()) await thing[Symbol.asyncDispose]();
  }
}
