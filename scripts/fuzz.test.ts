import { expect, it } from 'vitest';
import { planCases, readerNames } from './fuzz/plan.ts';
import { runFuzz } from './fuzz/run-fuzz.ts';
import { isGood } from './fuzz/tally.ts';

// `npm run fuzz` runs as many as one likes.
it('reads or refuses 200 damaged and hostile files, and executes none', async () => {
  const results = await runFuzz(planCases(readerNames, 200), { seed: 2024 });
  expect(results).toHaveLength(200);
  expect(results.filter((result) => !isGood(result))).toEqual([]);
  // Both happen, or the files are no test.
  expect(new Set(results.map(({ outcome }) => outcome)).size).toBe(2);
});
