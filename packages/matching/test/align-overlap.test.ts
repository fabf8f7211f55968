import { type Grid, overlapInView, RandomStream, type ViewGeometry } from '@pixcon/core';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { alignOverlap } from '../src/index.ts';
import { randomView } from './random-input.ts';

extendExpect();

const grid: Grid = { height: 6, width: 8 };

/** A map whose two channels say where in the image each cell lies: linear, so that interpolation keeps it. */
function positions(views: readonly ViewGeometry[]): tf.Tensor4D {
  const { height, width } = grid;
  const values = views.flatMap(({ box, flipped }) =>
    Array.from({ length: height * width }, (_, cell) => {
      const across = ((cell % width) + 0.5) / width;
      const x = box.x0 + (flipped ? 1 - across : across) * (box.x1 - box.x0);
      return [x, box.y0 + ((Math.floor(cell / width) + 0.5) / height) * (box.y1 - box.y0)];
    }),
  );
  return tf.tensor4d(values.flat(), [views.length, height, width, 2]);
}

describeBackends('alignOverlap', () => {
  it('shows the same place of the image in the same cell of both views', async () => {
    const random = new RandomStream(1);
    const pairs: [ViewGeometry, ViewGeometry][] = [];
    while (pairs.length < 12) {
      const [a, b] = [randomView(random), randomView(random)];
      const overlap = overlapInView(a, b);
      if (overlap && overlap.x1 - overlap.x0 > 0.2 && overlap.y1 - overlap.y0 > 0.2) pairs.push([a, b]);
    }
    const [first, second] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
    const ofFirst = await alignOverlap(positions(first), first, second).array();
    const ofSecond = await alignOverlap(positions(second), second, first).array();
    let seen = 0;
    for (const [image, [a, b]] of pairs.entries()) {
      const x0 = Math.max(a.box.x0, b.box.x0);
      const y0 = Math.max(a.box.y0, b.box.y0);
      const across = Math.min(a.box.x1, b.box.x1) - x0;
      const down = Math.min(a.box.y1, b.box.y1) - y0;
      for (let cell = 0; cell < 48; cell++) {
        const [row, column] = [Math.floor(cell / 8), cell % 8];
        const place = { x: x0 + ((column + 0.5) / 8) * across, y: y0 + ((row + 0.5) / 6) * down };
        const sides = [
          [a, ofFirst],
          [b, ofSecond],
        ] as const;
        for (const [{ box }, aligned] of sides) {
          // Nearer to the edge than half a cell, there is nothing to interpolate with.
          const [marginX, marginY] = [(box.x1 - box.x0) / 16, (box.y1 - box.y0) / 12];
          if (Math.min(place.x - box.x0, box.x1 - place.x) < marginX) continue;
          if (Math.min(place.y - box.y0, box.y1 - place.y) < marginY) continue;
          const [x, y] = (aligned as number[][][][])[image]?.[row]?.[column] ?? [];
          expect(Math.abs((x as number) - place.x)).toBeLessThan(1e-3);
          expect(Math.abs((y as number) - place.y)).toBeLessThan(1e-3);
          seen++;
        }
      }
    }
    expect(seen).toBeGreaterThan(500);
  });

  it('is the map itself where both views are the same crop, its flip undone', async () => {
    const box = { x0: 3, y0: 4, x1: 43, y1: 34 };
    const views = [false, true].map((flipped) => ({ box, flipped }));
    const map = tf.randomNormal<tf.Rank.R4>([2, 6, 8, 3], 0, 1, 'float32', 1);
    const [plain, mirrored] = tf.split(alignOverlap(map, views, [...views].reverse()), 2);
    const [first, second] = tf.split(map, 2);
    await expect(plain as tf.Tensor).toBeAllClose(first as tf.Tensor, { absolute: 1e-5 });
    await expect(mirrored as tf.Tensor).toBeAllClose(tf.reverse(second as tf.Tensor, 2), { absolute: 1e-5 });
  });

  it('is 0 where the views share nothing', async () => {
    const views = [0, 90].map((x0) => ({ box: { x0, y0: 0, x1: x0 + 20, y1: 20 }, flipped: false }));
    const map = tf.ones<tf.Rank.R4>([2, 6, 8, 1]);
    await expect(alignOverlap(map, views, [...views].reverse())).toBeAllClose(tf.zerosLike(map));
  });

  it('has the gradient that differences show, leaks nothing, and names the mistake', async () => {
    const random = new RandomStream(3);
    const views = [randomView(random), randomView(random)];
    const others = views.map(({ box, flipped }) => ({ box: { ...box, x0: box.x0 + 2 }, flipped: !flipped }));
    const map = tf.randomNormal<tf.Rank.R4>([2, 2, 3, 1], 0, 1, 'float32', 2);
    await checkGradients((x) => alignOverlap(x, views, others), [map]);
    expectNoLeaks(() => alignOverlap(map, views, others).dispose());
    expect(() => alignOverlap(map, views, others.slice(1))).toThrow('the number of other views');
    expect(() => alignOverlap(map, views.slice(1), others)).toThrow('the number of views');
    map.dispose();
  });
});
