/** What a folder's name says about the images below it. */
export type SplitRole = 'train' | 'trainval' | 'validation' | 'test' | 'unused';

const roles: readonly (readonly [SplitRole, ReadonlySet<string>])[] = [
  ['trainval', new Set(['trainval', 'trainvalminusminival'])],
  ['train', new Set(['train', 'training', 'trn', 'trainset', 'trainingset'])],
  ['test', new Set(['test', 'testing', 'tst', 'testset', 'testingset'])],
  [
    'validation',
    new Set([
      ...['val', 'valid', 'validation', 'valset', 'validationset', 'minival', 'valminusminival'],
      ...['dev', 'devset', 'eval', 'evaluation', 'holdout'],
    ]),
  ],
  ['unused', new Set(['extra', 'unlabeled', 'unlabelled', 'unsup', 'pred', 'predict', 'prediction'])],
];

/** What may stand beside the word of a role: `train_images`, `seg_test`, `stage1_train`, `test-dev2017`. */
const fillers = new Set([
  ...['set', 'sets', 'split', 'data', 'dataset', 'image', 'images', 'img', 'imgs', 'photo', 'photos'],
  ...[
    'picture',
    'pictures',
    'jpeg',
    'jpg',
    'png',
    'rgb',
    'seg',
    'segmentation',
    'part',
    'stage',
    'full',
    'challenge',
  ],
  ...['std', 'mask', 'masks', 'label', 'labels', 'annotation', 'annotations', 'panoptic', 'stuff', 'gt'],
]);

/**
 * The role of a folder that is named as a part of a split: `train`, `Training`, `TRAIN`, `val2017`, `test-dev2017`,
 * `train_set`, `seg_test`, `trainval`. A name with any other word in it, such as `train_station`, has none.
 */
export function splitRole(folder: string): SplitRole | undefined {
  const words = wordsOf(folder);
  const found = roles.find(([, names]) => words.some((word) => names.has(word)));
  if (!found) return undefined;
  const both = found[0] === 'train' && words.includes('val');
  const known = (word: string) => fillers.has(word) || roles.some(([, names]) => names.has(word));
  return words.every((word) => /^\d+$/.test(word) || known(word))
    ? both
      ? 'trainval'
      : found[0]
    : undefined;
}

/** The role that the first word of a name hints at, whatever else it says: `trainA`, `test images (old)`. */
export function splitHint(folder: string): SplitRole | undefined {
  const [first = ''] = wordsOf(folder);
  return splitRole(folder) ?? roles.find(([, names]) => names.has(first))?.[0];
}

/** Lower-case words: parts between other letters than `a-z`, a change of case, or digits. */
export function wordsOf(name: string): string[] {
  const spaced = name.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2');
  return spaced.toLowerCase().match(/\p{L}+|\d+/gu) ?? [];
}
