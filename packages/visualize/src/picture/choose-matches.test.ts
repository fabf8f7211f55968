import { describe, expect, it } from 'vitest';
import { makeInspection } from '../../test/run-fixture.ts';
import { chooseMatches } from './choose-matches.ts';

describe('chooseMatches', () => {
  const inspection = makeInspection(4, 4);

  it('takes all cells where there is room', () => {
    expect(chooseMatches(inspection, 'even', 16)).toEqual(Array.from({ length: 16 }, (_, cell) => cell));
  });

  it('spreads over rows and columns alike, never more than asked for', () => {
    expect(chooseMatches(inspection, 'even', 15)).toEqual([0, 2, 8, 10]);
    expect(chooseMatches(makeInspection(7, 7), 'even', 25)).toEqual([
      0, 2, 4, 6, 14, 16, 18, 20, 28, 30, 32, 34, 42, 44, 46, 48,
    ]);
    expect(chooseMatches(makeInspection(14, 14), 'even', 25).slice(0, 5)).toEqual([0, 3, 6, 9, 12]);
    for (const count of [0, 1, 2, 5, 9, 40]) {
      expect(chooseMatches(makeInspection(9, 5), 'even', count).length).toBeLessThanOrEqual(count);
    }
    expect(chooseMatches(makeInspection(1, 1), 'even', 1)).toEqual([0]);
  });

  it('takes the heaviest first', () => {
    expect(chooseMatches(inspection, 'heaviest', 3)).toEqual([15, 14, 13]);
  });

  it('takes the least similar in the overlap', () => {
    // Similarity falls with the cell; the overlap holds the two right columns.
    expect(chooseMatches(inspection, 'unsure', 3)).toEqual([15, 14, 11]);
    const none = { ...inspection, inOverlap: new Float32Array(16) };
    expect(chooseMatches(none, 'unsure', 3)).toEqual([]);
  });
});
