import { join } from 'node:path';
import { byolAugmentation } from '@pixcon/augment';
import { resnet } from '@pixcon/backbones';
import { explainBackend, startBackend } from '@pixcon/backend';
import { writeFileAtomic } from '@pixcon/checkpoints/node';
import {
  type DecodedImage,
  type Method,
  type MethodState,
  type SegmentationDataset,
  scoped,
} from '@pixcon/core';
import { syntheticScenes } from '@pixcon/datasets';
import { type CellScores, scoreCells } from '@pixcon/evaluation';
import { semanticReweighting, similarityMatching } from '@pixcon/matching';
import { pixcon } from '@pixcon/methods';
import { initialState, pretrain } from '@pixcon/trainer';
import { interruptible } from '../interruptible.ts';
import type { backendNames } from '../names.ts';
import { Progress } from '../progress.ts';

export interface DemoCommandOptions {
  readonly backend: (typeof backendNames)[number];
  readonly seed: number;
  readonly epochs?: number;
  readonly out: string;
}

/**
 * Small enough for one thread of WebAssembly: a few minutes. The views are grey, because the scenes' colours say
 * nothing about classes, and small with much overlap, so that both mostly show the same one object: in a run this
 * short, large coloured views teach to tell images apart by their backgrounds.
 */
const settings = {
  scenes: 1024,
  scoredScenes: 128,
  sceneSize: 128,
  classes: ['striped disc', 'checked square', 'dotted triangle', 'wavy ellipse'],
  imageSize: 48,
  batchSize: 32,
  epochs: 6,
  learningRate: 0.1,
  planes: [16, 32, 48, 64],
  scoredStage: 'layer3',
} as const;

/** `pixcon demo`: built-in scenes, PixCon-SR, scores before and after. Returns the exit code. */
export async function demoCommand(options: DemoCommandOptions): Promise<number> {
  const { seed, out, epochs = settings.epochs } = options;
  const { imageSize, batchSize, sceneSize: size, classes } = settings;
  const progress = new Progress();
  const backend = await startBackend(options.backend);
  progress.line(explainBackend(backend));

  const scenes = await inMemory(syntheticScenes({ count: settings.scenes, size, seed, classes }));
  const unseen = syntheticScenes({ count: settings.scoredScenes, size, seed: seed + 1, classes });
  progress.line(
    `${scenes.length} scenes of ${classes.length} classes of objects, PixCon-SR at ${imageSize} px`,
  );

  const backbone = resnet({
    block: 'basic',
    layers: [1, 1, 1, 1],
    planes: settings.planes,
    outputStride: 8,
  });
  const method = pixcon({
    name: 'pixcon-sr',
    backbone,
    matching: semanticReweighting(similarityMatching()),
    hidden: 256,
    dim: 64,
    // The dense loss is solved within an epoch here; what is learned after that, the image loss teaches.
    denseWeight: 0.2,
    targetMomentum: 0.95,
  });
  // Hue and saturation still matter: they change how colours turn into grey.
  const grey = { grayscaleProbability: 1, hue: 0.5, saturation: 0.8 };
  const augmentation = byolAugmentation({
    crops: { scale: [0.05, 0.3], minimumOverlap: 0.4, attempts: 40 },
    views: [
      { ...grey, blurProbability: 0.2 },
      { ...grey, solarizeProbability: 0 },
    ],
  });
  const untrained = initialState(method, { seed, datasetSize: scenes.length, batchSize });
  const before = await score(method, untrained, unseen);
  untrained.dispose();
  progress.line(`before training: ${describe(before)}`);

  return interruptible(progress, async (signal) => {
    const { state } = await pretrain(method, scenes, {
      epochs,
      batchSize,
      imageSize,
      seed,
      augmentation,
      learningRate: settings.learningRate,
      out,
      resume: true,
      signal,
      onEvent: (event) => progress.handle(event),
    });
    progress.stop();
    const after = await score(method, state, unseen);
    state.dispose();
    const scores = { stage: settings.scoredStage, classNames: scenes.classNames, before, after };
    await writeFileAtomic(
      join(out, 'scores.json'),
      new TextEncoder().encode(`${JSON.stringify(scores, null, 2)}\n`),
    );
    progress.line(`before training: ${describe(before)}`);
    progress.line(`after training:  ${describe(after)}`);
    progress.line(
      `(each of ${after.queryCells} cells of ${settings.scoredStage} in scenes not trained on, labelled by its 20 nearest among as many others)`,
    );
    progress.line(
      `${out} has backbone.safetensors (torchvision names), checkpoint.safetensors, metrics.jsonl and scores.json`,
    );
    return 0;
  });
}

/** The same scenes, rendered once: every epoch sees them again. */
async function inMemory(scenes: SegmentationDataset): Promise<SegmentationDataset> {
  const images: DecodedImage[] = [];
  for (let index = 0; index < scenes.length; index++) images.push(await scenes.load(index));
  return {
    ...scenes,
    load: async (index) => images[index] ?? (await scenes.load(index)),
  };
}

function score(method: Method, state: MethodState, scenes: SegmentationDataset): Promise<CellScores> {
  const { mean, standardDeviation } = byolAugmentation();
  return scoreCells(method.backbone, scoped(state.online, method.backbonePrefix), scenes, {
    imageSize: settings.sceneSize,
    stage: settings.scoredStage,
    mean,
    standardDeviation,
    // The running statistics of grey crops would not fit coloured scenes.
    statistics: 'batch',
  });
}

function describe({ meanIoU, perClassIoU }: CellScores): string {
  const percent = (value: number | null) => (value === null ? 'none' : `${(100 * value).toFixed(1)}%`);
  return `mIoU ${percent(meanIoU)}  (per class ${perClassIoU.map(percent).join(', ')})`;
}
