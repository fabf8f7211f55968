import { cellCentre, RandomStream, type ViewGeometry } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { overlapMask } from '../src/index.ts';
import { randomView } from './random-input.ts';
import { readFixture, readGeometry } from './read-fixture.ts';

const view = (x0: number, x1: number, flipped = false): ViewGeometry => ({
  box: { x0, y0: 0, x1, y1: 4 },
  flipped,
});
const row = { height: 1, width: 4 };

describe('overlapMask', () => {
  it('marks the cells of the query view, flips undone', () => {
    expect([...overlapMask([view(0, 4)], [view(2, 6)], row)]).toEqual([0, 0, 1, 1]);
    expect([...overlapMask([view(0, 4, true)], [view(2, 6)], row)]).toEqual([1, 1, 0, 0]);
    expect([...overlapMask([view(0, 4)], [view(2, 6, true)], row)]).toEqual([0, 0, 1, 1]);
    expect([...overlapMask([view(2, 6)], [view(0, 4)], row)]).toEqual([1, 1, 0, 0]);
    expect([...overlapMask([view(0, 4), view(2, 6)], [view(2, 6), view(0, 4)], row)]).toEqual([
      0, 0, 1, 1, 1, 1, 0, 0,
    ]);
  });

  it('counts a cell by its centre, its area, or not at all when cut', () => {
    const masks = (['centre', 'area', 'truncated'] as const).map((rule) => [
      ...overlapMask([view(0, 4)], [view(0.75, 2.75)], row, rule),
    ]);
    expect(masks).toEqual([
      [0, 1, 1, 0],
      [0.25, 1, 0.75, 0],
      [1, 1, 0, 0],
    ]);
  });

  it.each(['centre', 'area', 'truncated'] as const)(
    '%s: all of a view in itself, nothing without overlap',
    (rule) => {
      const grid = { height: 5, width: 7 };
      // Bounds whose quotients do not round to whole cells by themselves.
      const box = { x0: 0.1, y0: 0.7, x1: 100.3, y1: 33.4 };
      const larger = { x0: -1, y0: -5, x1: 101, y1: 34 };
      for (const flipped of [false, true]) {
        const query = [{ box, flipped }];
        expect(overlapMask(query, query, grid, rule).every((value) => Math.abs(value - 1) < 1e-6)).toBe(true);
        const around = overlapMask(query, [{ box: larger, flipped: true }], grid, rule);
        expect(around.every((value) => Math.abs(value - 1) < 1e-6)).toBe(true);
        const away = { x0: 101, y0: 0, x1: 105, y1: 30 };
        expect(overlapMask(query, [{ box: away, flipped }], grid, rule).every((value) => value === 0)).toBe(
          true,
        );
      }
    },
  );

  it('agrees with centres and areas found point by point', () => {
    const random = new RandomStream(21);
    const grid = { height: 3, width: 5 };
    const points = 40;
    for (let round = 0; round < 60; round++) {
      const [query, key] = [randomView(random), randomView(random)];
      const centre = overlapMask([query], [key], grid, 'centre');
      const area = overlapMask([query], [key], grid, 'area');
      const inKey = ({ x, y }: { x: number; y: number }) =>
        x >= key.box.x0 && x <= key.box.x1 && y >= key.box.y0 && y <= key.box.y1;
      for (let cell = 0; cell < 15; cell++) {
        const [r, c] = [Math.floor(cell / 5), cell % 5];
        expect(centre[cell]).toBe(Number(inKey(cellCentre(query, grid, r, c))));
        let inside = 0;
        const fine = { height: 3 * points, width: 5 * points };
        for (let i = 0; i < points; i++) {
          for (let j = 0; j < points; j++) {
            inside += Number(inKey(cellCentre(query, fine, r * points + i, c * points + j)));
          }
        }
        expect(Math.abs((area[cell] as number) - inside / points ** 2)).toBeLessThan(2.5 / points);
      }
    }
  });

  it('reproduces the authors’ masks', () => {
    const read = readFixture();
    const [first, second] = [readGeometry(read, 0), readGeometry(read, 1)];
    const grid = { height: 3, width: 3 };
    expect([...overlapMask(first, second, grid, 'truncated')]).toEqual(read('mask1').data);
    expect([...overlapMask(second, first, grid, 'truncated')]).toEqual(read('mask2').data);
  });

  it('names the mistake', () => {
    expect(() => overlapMask([view(0, 4)], [], row)).toThrow('the number of key views');
    expect(() => overlapMask([], [], { height: 0, width: 1 })).toThrow('grid.height');
    expect(() => overlapMask([], [], row, 'none' as 'area')).toThrow(
      'rule must be one of centre, area, truncated',
    );
  });
});
