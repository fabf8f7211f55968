import type { Task } from './task.ts';

interface FolderOptions {
  readonly data?: string | undefined;
  readonly masks?: string | undefined;
  readonly void?: string | undefined;
}

const data = '../shared/data';

const camvid: Task = {
  name: 'camvid',
  photos: `${data}/camvid/images/train`,
  evaluate: [
    ...[
      '--protocol',
      'linear-segmentation',
      '--data',
      `${data}/camvid/images`,
      '--masks',
      `${data}/camvid/masks`,
    ],
    ...['--void', '11', '--image-size', '224', '--backend', 'tensorflow'],
  ],
  settings: {
    arch: 'resnet18',
    planes: [16, 32, 64, 128],
    outputStride: 16,
    imageSize: 128,
    batchSize: 16,
    learningRate: 0.05,
    queueLength: 1024,
    hidden: 512,
    dim: 64,
    targetMomentum: 0.95,
    backend: 'tensorflow',
  },
  choice: '',
  budgetMinutes: 5,
};

const cocoPanoptic: Task = {
  name: 'coco-panoptic',
  photos: `${data}/coco-panoptic/images`,
  evaluate: [
    ...['--protocol', 'match-consistency', '--data', `${data}/coco-panoptic/images`],
    ...['--masks', `${data}/coco-panoptic/panoptic_train2017`],
    // One way of matching for all rows: coordinates would give the same share whatever was learned.
    ...['--matching', 'similarity', '--image-size', '224', '--backend', 'tensorflow'],
  ],
  settings: camvid.settings,
  choice: '',
  budgetMinutes: 5,
};

const tasks = [camvid, cocoPanoptic];

/** @throws Error for a name that needs folders and has none */
export function findTask(name: string, { data: photos, masks, void: voidLabels }: FolderOptions): Task {
  const known = tasks.find((task) => task.name === name);
  if (photos === undefined && masks === undefined) {
    if (known) return known;
    throw new Error(`no table is called ${name}; known are ${tasks.map((task) => task.name).join(', ')}`);
  }
  if (photos === undefined || masks === undefined) throw new Error('--data and --masks belong together');
  return {
    name,
    photos,
    evaluate: [
      ...['--protocol', 'linear-segmentation', '--data', photos, '--masks', masks],
      ...(voidLabels === undefined ? [] : ['--void', voidLabels]),
    ],
    settings: camvid.settings,
    choice: 'The settings are those of the camvid table, which may not be the best for these photos.',
    budgetMinutes: camvid.budgetMinutes,
  };
}
