/*
 * Trains the method of `centred-contrast.ts` on made-up scenes, scores what it learned, and draws a report.
 *
 *   npm start -w @pixcon-examples/custom-method            64 steps
 *   npm start -w @pixcon-examples/custom-method -- 16      or STEPS=16
 */
import {
  explainBackend,
  initialState,
  type MethodState,
  type MetricsRecord,
  type PretrainEvent,
  pretrain,
  resnet,
  scoped,
  scoreCells,
  startBackend,
  syntheticScenes,
} from 'pixcon';
import { centredContrast } from './centred-contrast.ts';

const config = {
  /** Rounded up to whole epochs. */
  steps: Number(process.argv[2] ?? process.env.STEPS ?? 64),
  backend: (process.env.BACKEND ?? 'auto') as Parameters<typeof startBackend>[0],
  /** A new folder each time. */
  out: process.env.OUT ?? `runs/${new Date().toISOString().replaceAll(':', '-')}`,
  scenes: 256,
  scoredScenes: 64,
  sceneSize: 96,
  outputStride: 8, // 6 x 6 cells to match in a view of 48 pixels
  training: { imageSize: 48, batchSize: 16, learningRate: 0.05, seed: 0, logEverySteps: 8, pictures: 2 },
} as const;
if (!Number.isInteger(config.steps) || config.steps < 1) {
  throw new Error(`steps must be a whole number above 0, got ${process.argv[2] ?? process.env.STEPS}`);
}

const { sceneSize: size, training, out } = config;
const { batchSize, imageSize, seed } = training;
const stepsPerEpoch = Math.min(config.steps, config.scenes / batchSize);
const scenes = syntheticScenes({ count: stepsPerEpoch * batchSize, size, seed });
const unseen = syntheticScenes({ count: config.scoredScenes, size, seed: seed + 1 });

const method = centredContrast({
  backbone: resnet({
    block: 'basic',
    layers: [1, 1, 1, 1],
    planes: [16, 32, 48, 64],
    stemChannels: 16,
    outputStride: config.outputStride,
  }),
  hidden: 256,
  dim: 64,
});

/** How well cells of other scenes are labelled by their nearest neighbours among frozen features. */
async function score({ online }: MethodState): Promise<string> {
  const parameters = scoped(online, method.backbonePrefix);
  // The running statistics are still young.
  const { meanIoU } = await scoreCells(method.backbone, parameters, unseen, {
    imageSize,
    statistics: 'batch',
  });
  return `mIoU ${(100 * meanIoU).toFixed(1)}%`;
}

function describe(metrics?: MetricsRecord): string {
  return ['loss', 'chance', 'matchWeight', 'featureDeviation']
    .map((name) => `${name} ${Number(metrics?.[name]).toFixed(3)}`)
    .join('  ');
}

function print(event: PretrainEvent): void {
  if (event.type === 'notice' || event.type === 'warning') console.log(event.message);
  if (event.type !== 'step' || !event.metrics) return;
  const { step, totalSteps, secondsLeft, metrics } = event;
  console.log(`step ${step}/${totalSteps}  ${describe(metrics)}  ${secondsLeft.toFixed(0)} s left`);
}

console.log(explainBackend(await startBackend(config.backend)));
const untrained = initialState(method, { seed, datasetSize: scenes.length, batchSize });
const before = await score(untrained);
untrained.dispose();

const epochs = Math.ceil(config.steps / stepsPerEpoch);
const { state, metrics } = await pretrain(method, scenes, { ...training, epochs, out, onEvent: print });
console.log(`end  ${describe(metrics)}`);
console.log(`untrained: ${before}, trained: ${await score(state)}`);
console.log(`report: ${out}/report.html`);
state.dispose();
