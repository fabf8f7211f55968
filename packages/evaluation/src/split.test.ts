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
      notices: [expect.stringMatching(/left out: extra\/ \(1 image\), test\/ \(1 image\)/)],
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

  it('takes a deeper split, says where a folder beside it is none, and lets either be chosen', () => {
    const deep = trainValidationSplit(named(['images/training/a.jpg', 'images/validation/b.jpg']));
    expect(deep).toMatchObject({ train: [0], validation: [1], notices: [] });
    const names = ['train/a.jpg', 'val/b.jpg', 'misc/c.jpg'];
    const mixed = trainValidationSplit(named(names));
    expect(mixed.description).toContain('hash');
    expect(mixed.notices).toEqual([expect.stringContaining('--split folders')]);
    expect(trainValidationSplit(named(names), { split: 'folders' })).toMatchObject({
      train: [0],
      validation: [1],
    });
    const hashed = trainValidationSplit(named([...many(9, 'train/'), 'val/b.jpg']), { split: 'hash' });
    expect([hashed.train.length + hashed.validation.length, hashed.notices]).toEqual([10, []]);
    expect(() => trainValidationSplit(named(['cat/a.jpg', 'dog/b.jpg']), { split: 'folders' })).toThrow(
      /folders to learn from \(train\) and to score \(val, test\) .* found none/,
    );
    expect(() => trainValidationSplit(named(names), { split: 'random' as 'hash' })).toThrow(
      /auto, folders, hash/,
    );
  });

  it('gives each class of two images or more one on both sides of the hash', () => {
    for (let classes = 2; classes < 6; classes++) {
      const images = many(2 * classes);
      const dataset = { ...named(images), label: (index: number) => index % classes };
      const { train, validation } = trainValidationSplit(dataset);
      for (const side of [train, validation]) {
        expect(new Set(side.map((index) => dataset.label(index))).size).toBe(classes);
      }
    }
    // Many images of each class are split as without classes.
    const large = named(many(400));
    const labelled = trainValidationSplit({ ...large, label: (index: number) => index % 3 });
    expect(labelled).toEqual(trainValidationSplit(large));
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
