import { describe, expect, it } from 'vitest';
import { evenly, trainValidationSplit } from './split.ts';

const named = (names: readonly string[]) => ({
  length: names.length,
  name: (index: number) => names[index] as string,
});
const many = (count: number, prefix = '') =>
  Array.from({ length: count }, (_, at) => `${prefix}image-${at}.jpg`);

describe('trainValidationSplit', () => {
  it('follows folders, val before test, and leaves others alone', () => {
    const names = ['extra/a.jpg', 'test/b.jpg', 'train/c.jpg', 'train/deep/d.jpg', 'val/e.jpg'];
    expect(trainValidationSplit(named(names))).toEqual({
      train: [2, 3],
      validation: [4],
      description: 'train/ and val/',
    });
    const coco = trainValidationSplit(named(['train2017/a.jpg', 'val2017/b.jpg']));
    expect([coco.train, coco.validation]).toEqual([[0], [1]]);
    expect(trainValidationSplit(named(['test/b.jpg', 'training/c.jpg'])).description).toBe(
      'training/ and test/',
    );
  });

  it('hashes names otherwise: about a fifth, whatever the order, and stable when images come', () => {
    const names = many(1000);
    const { train, validation, description } = trainValidationSplit(named(names));
    expect(description).toContain('hash');
    expect(validation.length).toBeGreaterThan(160);
    expect(validation.length).toBeLessThan(240);
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual(names.map((_, at) => at));
    const more = ['0-first.jpg', ...names, 'zz.jpg'];
    const chosen = new Set(trainValidationSplit(named(more)).validation.map((index) => more[index]));
    for (const [index, name] of names.entries()) expect(chosen.has(name)).toBe(validation.includes(index));
  });

  it('does so too where only one side has a folder, and never leaves a side empty', () => {
    expect(trainValidationSplit(named(many(40, 'val/'))).description).toContain('hash');
    for (let count = 2; count < 6; count++) {
      const { train, validation } = trainValidationSplit(named(many(count)));
      expect(train.length).toBeGreaterThan(0);
      expect(validation.length).toBeGreaterThan(0);
    }
    expect(() => trainValidationSplit(named(['a.jpg']))).toThrow(/at least two images.*got 1/);
  });

  it('limits each side, evenly', () => {
    const names = [...many(10, 'train/'), ...many(4, 'val/')];
    const { train, validation } = trainValidationSplit(named(names), { limit: 5 });
    expect([train, validation]).toEqual([
      [0, 2, 4, 6, 8],
      [10, 11, 12, 13],
    ]);
    expect(evenly([1, 2, 3], 2)).toEqual([1, 2]);
  });
});
