import { describe, expect, it } from 'vitest';
import { splitFolders } from './split-folders.ts';
import { splitRole } from './split-words.ts';

const below = (...folders: readonly string[]) => folders.map((folder) => `${folder}/1.jpg`);
/** The folders of each side, and the class of each image. */
function read(folders: readonly string[], choice?: 'auto' | 'folders' | 'hash') {
  const { sides, notices, description, classFolders } = splitFolders(below(...folders), choice);
  const classes = folders.map((_, index) => classFolders(index).join('/'));
  return { train: sides?.train, validation: sides?.validation, classes, notices, description };
}

describe('splitRole', () => {
  it.each([
    ['train', ['train', 'Training', 'TRAIN', 'train2017', 'train_set', 'TrainSet', 'trainset', 'seg_train']],
    ['train', ['train_images', 'stage1_train', 'training-data', 'Train Images', 'JPEGImages_train']],
    ['trainval', ['trainval', 'train_val', 'trainval2007']],
    ['validation', ['val', 'valid', 'Validation', 'val2017', 'minival', 'minival2014', 'dev', 'val_set']],
    ['test', ['test', 'Testing', 'test2017', 'test-dev2017', 'test_set', 'seg_test', 'testset']],
    ['unused', ['extra', 'unlabeled2017', 'seg_pred']],
    [
      undefined,
      ['cat', 'train_station', 'trains', 'contest', 'valley', 'testA', 'images', '2017', 'invalid'],
    ],
  ] as const)('of %s', (role, names) => {
    for (const name of names) expect([name, splitRole(name)]).toEqual([name, role]);
  });
});

describe('splitFolders', () => {
  it.each([
    ['train2017/cat', 'val2017/cat', 'train2017/dog', 'val2017/dog'],
    ['Training/cat', 'Testing/cat', 'Training/dog', 'Testing/dog'],
    ['images/training/cat', 'images/validation/cat', 'images/training/dog', 'images/validation/dog'],
    ['train/images/cat', 'val/images/cat', 'train/images/dog', 'val/images/dog'],
    ['seg_train/seg_train/cat', 'seg_test/seg_test/cat', 'seg_train/seg_train/dog', 'seg_test/seg_test/dog'],
    ['cat/train', 'cat/test', 'dog/train', 'dog/test'],
    ['data/v1/TRAIN/cat', 'data/v1/TEST/cat', 'data/v1/TRAIN/dog', 'data/v1/TEST/dog'],
  ])('reads %s, %s, …', (...folders) => {
    expect(read(folders)).toMatchObject({
      train: [0, 2],
      validation: [1, 3],
      classes: ['cat', 'cat', 'dog', 'dog'],
      notices: [],
    });
  });

  it('looks below what all images lie in, and takes val before test', () => {
    const city = read(['leftImg8bit/train/aachen', 'leftImg8bit/val/ulm', 'leftImg8bit/test/bonn']);
    expect([city.train, city.validation, city.description]).toEqual([[0], [1], 'train/ and val/']);
    expect(city.notices).toEqual([expect.stringMatching(/left out: test\/ \(1 image\).*--split hash/)]);
    expect(read(['trainval/a', 'test/b'])).toMatchObject({ train: [0], validation: [1] });
    // Half of `trainval` is what `val` scores.
    expect(read(['trainval/a', 'val/b', 'train/c'])).toMatchObject({ train: [2], validation: [1] });
  });

  it('takes no folder for a part of a split beside others, and says so where both sides are there', () => {
    expect(read(['cat', 'dog', 'test'])).toMatchObject({
      train: undefined,
      classes: ['cat', 'dog', 'test'],
      notices: [],
    });
    expect(read(['train', 'car', 'bus'])).toMatchObject({ train: undefined, notices: [] });
    const mixed = ['train', 'val', 'misc'];
    expect(read(mixed).train).toBeUndefined();
    expect(read(mixed).notices).toEqual([
      expect.stringMatching(/by a hash .* although train\/ and val\/ .* misc\/ .*--split folders/),
    ]);
    expect(read(mixed, 'folders')).toMatchObject({
      train: [0],
      validation: [1],
      notices: [expect.stringContaining('misc/ (1 image)')],
    });
    expect(read(['trainA', 'trainB', 'testA', 'testB']).notices).toHaveLength(1);
    expect(read(['trainA', 'trainB', 'testA', 'testB'], 'folders')).toMatchObject({
      train: [0, 1],
      validation: [2, 3],
    });
    // One class is split, the other is not.
    expect(read(['cat/train', 'cat/val', 'dog']).notices).toEqual([expect.stringContaining('hash')]);
  });

  it('leaves a single part no split, but no class either', () => {
    for (const [folders, without] of [
      [['train/cat', 'train/dog'], 'one to score'],
      [['val/cat', 'test/dog'], 'one to learn from'],
    ] as const) {
      const { train, classes, notices } = read(folders);
      expect([train, classes]).toEqual([undefined, ['cat', 'dog']]);
      expect(notices).toEqual([expect.stringContaining(`without ${without}, so images are split by a hash`)]);
    }
  });

  it('leaves out images above the folders, and says how many', () => {
    const { sides, notices } = splitFolders(['cover.jpg', 'train/a.jpg', 'val/b.jpg']);
    expect(sides).toEqual({ train: [1], validation: [2] });
    expect(notices).toEqual([expect.stringContaining('images above these folders (1 image)')]);
    expect(splitFolders(['demo/1.jpg', 'images/train/a.jpg', 'images/val/b.jpg']).sides).toBeUndefined();
  });

  it('lets the hash be chosen, with the same classes', () => {
    const chosen = read(['train/cat', 'val/dog'], 'hash');
    expect(chosen).toMatchObject({ train: undefined, classes: ['cat', 'dog'], notices: [] });
    expect(splitFolders([]).sides).toBeUndefined();
  });
});
