import { describe, expect, it } from 'vitest';
import { RandomStream } from './random.ts';

describe('RandomStream', () => {
  it('is a function of its seed', () => {
    const draw = (seed: number) =>
      Array.from(
        { length: 5 },
        (
          (random) => () =>
            random.uniform()
        )(new RandomStream(seed)),
      );
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('forks by path, whatever was drawn before', () => {
    const random = new RandomStream(3);
    const before = random.fork('a', 1).uniform();
    random.uniform();
    expect(random.fork('a', 1).uniform()).toBe(before);
    expect(random.fork('a', 2).uniform()).not.toBe(before);
    expect(random.fork('a1').uniform()).not.toBe(before);
  });

  it('goes on from a saved state', () => {
    const random = new RandomStream(4);
    random.uniform();
    const state = random.save();
    const next = [random.uniform(), random.normal(), random.normal()];
    random.restore(state);
    expect([random.uniform(), random.normal(), random.normal()]).toEqual(next);
  });

  it('draws with the right moments', () => {
    const random = new RandomStream(5);
    const uniform = Array.from({ length: 20_000 }, () => random.uniform());
    const normal = Array.from({ length: 20_000 }, () => random.normal(2, 3));
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(uniform)).toBeCloseTo(0.5, 2);
    expect(Math.abs(mean(normal) - 2)).toBeLessThan(0.08);
    expect(Math.abs(Math.sqrt(mean(normal.map((value) => (value - 2) ** 2))) - 3)).toBeLessThan(0.08);
  });

  it('permutes', () => {
    const order = new RandomStream(6).permutation(100);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([...order]).not.toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});
