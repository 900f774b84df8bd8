/**
 * Modules of others: the one place that imports what is not known beforehand.
 *
 * @module
 */

/** Loads the module of a URL, and gives its exports by name. */
export async function loadModule(url: string): Promise<ReadonlyMap<string, unknown>> {
  const module: object = await import(url);
  return new Map(Object.entries(module));
}
