import type { Task } from './task.ts';

interface FolderOptions {
  readonly data?: string | undefined;
  readonly masks?: string | undefined;
  readonly void?: string | undefined;
}

const data = '../shared/data';
const common = ['--image-size', '224', '--backend', 'tensorflow'];

function camvidMeasure(...options: readonly string[]): string[] {
  const folders = ['--data', `${data}/camvid/images`, '--masks', `${data}/camvid/masks`, '--void', '11'];
  return [...folders, ...common, ...options];
}

const camvid: Task = {
  name: 'camvid',
  photos: `${data}/camvid/images/train`,
  measures: [
    {
      title: 'Linear segmentation, layer3',
      evaluate: camvidMeasure('--protocol', 'linear-segmentation', '--stage', 'layer3'),
    },
    {
      title: 'Linear segmentation, last stage',
      evaluate: camvidMeasure('--protocol', 'linear-segmentation', '--stage', 'layer4'),
    },
    {
      title: 'Nearest neighbours of cells, last stage',
      evaluate: camvidMeasure('--protocol', 'cell-knn', '--stage', 'layer4'),
    },
  ],
  settings: {
    arch: 'resnet18',
    planes: [16, 32, 64, 128],
    outputStride: 16,
    imageSize: 96,
    batchSize: 16,
    learningRate: 0.05,
    queueLength: 256,
    hidden: 512,
    dim: 64,
    targetMomentum: 0.95,
    // Also for the methods whose authors took LARS, with batches of 1,000 images and more.
    optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
    backend: 'tensorflow',
  },
  choice: `The setting was chosen on the train images alone: a third of them, in contiguous pieces of the videos, was held out
of the labels, and PixCon-SR of one seed was scored on it while it trained. A quarter of ResNet-18's width makes several
times as many steps in the same minutes, and a queue longer than the data set would hold every photo as its own negative.
Short runs lose: after 250 steps the linear probe is below that of the untrained network (layer3 18.5 against 19.7, last
stage 22.3 against 23.1), because zero padding tells a random deep network where in the image a cell lies, which in street
scenes says much about its class, and crops teach to forget it. After 1,000 steps it is above (20.6 and 23.5), after 5,000
well above (23.6 and 25.5; nearest neighbours of the last stage 24.4 to 27.3). Hence the budget.`,
  budgetMinutes: 15,
};

const cocoPanoptic: Task = {
  name: 'coco-panoptic',
  photos: `${data}/coco-panoptic/images`,
  measures: ['layer3', 'layer4'].map((stage) => ({
    title: `Matches in the same panoptic segment, ${stage}`,
    evaluate: [
      ...['--data', `${data}/coco-panoptic/images`, '--masks', `${data}/coco-panoptic/panoptic_train2017`],
      // One way of matching for all rows: coordinates would give the same share whatever was learned.
      ...['--protocol', 'match-consistency', '--matching', 'similarity', '--stage', stage, ...common],
    ],
  })),
  settings: camvid.settings,
  choice:
    'The settings are those of the camvid table, unchanged. The photos are those trained on; their segments were not used.',
  budgetMinutes: 1.5,
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
    measures: camvid.measures.map(({ title, evaluate }) => ({
      title,
      evaluate: [
        ...['--data', photos, '--masks', masks, ...(voidLabels === undefined ? [] : ['--void', voidLabels])],
        ...evaluate.slice(evaluate.indexOf('--image-size')),
      ],
    })),
    settings: camvid.settings,
    choice: 'The settings are those of the camvid table, which may not be the best for these photos.',
    budgetMinutes: camvid.budgetMinutes,
  };
}
