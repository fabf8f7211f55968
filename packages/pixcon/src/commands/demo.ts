import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { byolAugmentation } from '@pixcon/augment';
import { explainBackend, startBackend } from '@pixcon/backend';
import { writeFileAtomic } from '@pixcon/checkpoints/node';
import { type Method, type MethodState, type SegmentationDataset, scoped } from '@pixcon/core';
import { syntheticScenes } from '@pixcon/datasets';
import { type CellScores, scoreCells } from '@pixcon/evaluation';
import { initialState, pretrain } from '@pixcon/trainer';
import type { ReportScore } from '@pixcon/visualize';
import { buildMethod } from '../build-method.ts';
import { interruptible } from '../interruptible.ts';
import type { backendNames } from '../names.ts';
import { pretrainOptions } from '../pretrain-options.ts';
import { Progress } from '../progress.ts';
import { resolveRunConfig } from '../run-config.ts';
import { drawReport } from './report.ts';

export interface DemoCommandOptions {
  readonly backend: (typeof backendNames)[number];
  readonly seed: number;
  readonly epochs?: number;
  readonly out: string;
}

const settings = {
  scenes: 1024,
  scoredScenes: 128,
  sceneSize: 128,
  classes: ['striped disc', 'checked square', 'dotted triangle', 'wavy ellipse'],
  scoredStage: 'layer3',
} as const;

/** Hue and saturation still matter: they change how colours turn into grey. */
const grey = { grayscaleProbability: 1, hue: 0.5, saturation: 0.8 };

/**
 * Small enough for one thread of WebAssembly: a few minutes. The views are grey, because the scenes' colours say
 * nothing about classes, and small with much overlap, so that both mostly show the same one object: in a run this
 * short, large coloured views teach to tell images apart by their backgrounds.
 */
const runSettings = {
  method: 'pixcon-sr',
  arch: 'resnet10',
  planes: [16, 32, 48, 64],
  outputStride: 8,
  imageSize: 48,
  batchSize: 32,
  epochs: 6,
  learningRate: 0.1,
  hidden: 256,
  dim: 64,
  // The dense loss is solved within an epoch here; what is learned after that, the image loss teaches.
  denseWeight: 0.2,
  targetMomentum: 0.95,
  augmentation: {
    recipe: 'byol',
    crops: { scale: [0.05, 0.3], minimumOverlap: 0.4, attempts: 40 },
    views: [
      { ...grey, blurProbability: 0.2 },
      { ...grey, solarizeProbability: 0 },
    ],
  },
};

/** `pixcon demo`: built-in scenes, PixCon-SR, scores before and after. Returns the exit code. */
export async function demoCommand({ out, ...flags }: DemoCommandOptions): Promise<number> {
  const config = resolveRunConfig({ ...runSettings, ...flags }, 'demo');
  const { seed, batchSize } = config;
  const { sceneSize: size, classes } = settings;
  const progress = new Progress();
  const backend = await startBackend(config.backend);
  progress.line(explainBackend(backend));

  const scenes = syntheticScenes({ count: settings.scenes, size, seed, classes });
  const unseen = syntheticScenes({ count: settings.scoredScenes, size, seed: seed + 1, classes });
  progress.line(
    `${scenes.length} scenes of ${classes.length} classes of objects, PixCon-SR at ${config.imageSize} px`,
  );

  const method = buildMethod(config);
  const untrained = initialState(method, { seed, datasetSize: scenes.length, batchSize });
  const before = await score(method, untrained, unseen);
  untrained.dispose();
  progress.line(`before training: ${describe(before)}`);

  return interruptible(progress, async (signal) => {
    const { state } = await pretrain(method, scenes, {
      ...pretrainOptions(config, scenes.length),
      out,
      resume: true,
      signal,
      onEvent: (event) => progress.handle(event),
    });
    progress.stop();
    const after = await score(method, state, unseen);
    state.dispose();
    const report = reportScore(before, after, scenes.classNames);
    await writeScore(out, { stage: settings.scoredStage, before, after, report });
    const page = await drawReport(out);
    progress.line(`before training: ${describe(before)}`);
    progress.line(`after training:  ${describe(after)}`);
    progress.line(report.detail);
    progress.line(
      `${out} has backbone.safetensors (torchvision names), checkpoint.safetensors, metrics.jsonl and scores/`,
    );
    progress.line(`report: ${page}`);
    return 0;
  });
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

/** The scores as the report shows them. */
function reportScore(before: CellScores, after: CellScores, classNames: readonly string[]): ReportScore {
  return {
    title: `nearest neighbours of cells, ${settings.scoredStage}, online encoder`,
    metric: 'mIoU',
    untrained: before.meanIoU,
    trained: after.meanIoU,
    detail: `Each of ${after.queryCells} cells of ${settings.scoredStage} in scenes not trained on, labelled by its 20 nearest among as many others.`,
    perClass: classNames.map((name, index) => ({
      name,
      untrained: before.perClassIoU[index] ?? null,
      trained: after.perClassIoU[index] ?? null,
    })),
    confusion: after.confusion,
  };
}

/** As `pixcon evaluate` leaves them: a file in `scores/` whose key `report` the report shows. */
async function writeScore(out: string, score: object): Promise<void> {
  const folder = join(out, 'scores');
  await mkdir(folder, { recursive: true });
  const text = `${JSON.stringify(score, null, 2)}\n`;
  await writeFileAtomic(join(folder, 'demo.json'), new TextEncoder().encode(text));
}

function describe({ meanIoU, perClassIoU }: CellScores): string {
  const percent = (value: number | null) => (value === null ? 'none' : `${(100 * value).toFixed(1)}%`);
  return `mIoU ${percent(meanIoU)}  (per class ${perClassIoU.map(percent).join(', ')})`;
}
