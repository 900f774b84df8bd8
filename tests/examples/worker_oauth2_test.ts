import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Example } from "./example.ts";

test("worker_oauth2.ts goes on with another token when its connection is closed with 4401, again and again", async (t) => {
  process.env.TOKEN_SECONDS = "1";
  t.after(() => delete process.env.TOKEN_SECONDS);
  const example = await Example.start(t, "worker_oauth2");
  await example.printed(/(?:4401 Token expired.*Token \d was issued.*Job \d+ is done.*){2}/s);
  const jobs = [...example.output.matchAll(/Job (\d+) is done/g)].map(([, job]) => Number(job));
  // None is left out; one may be done twice.
  assert.deepEqual(
    [...new Set(jobs)],
    Array.from({ length: Math.max(...jobs) }, (_, index) => index + 1),
  );
  assert.doesNotMatch(example.output, /The end|[\da-f]{8}-[\da-f]{4}/);
});
