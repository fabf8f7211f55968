/*
 * PixCon with a matching strategy of one's own, against PixCon-Sim.
 *
 *   npm start -w @pixcon-examples/custom-matching            96 steps of each
 *   npm start -w @pixcon-examples/custom-matching -- 16      or STEPS=16
 *
 * What differs from the paper:
 * - Matching: mutual nearest neighbours, of weight 1 or 0. The paper's PixCon-SR keeps every match and weighs cells
 *   outside the overlap of the views by their similarity.
 * - Data: 256 made-up scenes in place of COCO.
 * - Size: a small ResNet at 64 pixels, 96 steps of 32 images; the paper's is ResNet-50 at 224, 800 epochs, 512 images.
 * - Score: frozen cells labelled by their nearest neighbours, in place of fine-tuned detection and segmentation.
 */
import {
  explainBackend,
  initialState,
  type MatchingStrategy,
  type MethodState,
  type PretrainEvent,
  pixcon,
  pretrain,
  resnet,
  scoped,
  scoreCells,
  similarityMatching,
  startBackend,
  syntheticScenes,
} from 'pixcon';
import { mutualNearestNeighbours } from './mutual-nearest-neighbours.ts';

const config = {
  /** Rounded up to whole epochs. */
  steps: Number(process.argv[2] ?? process.env.STEPS ?? 96),
  backend: (process.env.BACKEND ?? 'auto') as Parameters<typeof startBackend>[0],
  strategies: {
    'similarity (PixCon-Sim)': similarityMatching(),
    'mutual neighbours': mutualNearestNeighbours,
  },
  scenes: 256,
  scoredScenes: 64,
  sceneSize: 96,
  outputStride: 8, // 8 x 8 cells to match in a view of 64 pixels
  training: { imageSize: 64, batchSize: 32, learningRate: 0.1, seed: 0, logEverySteps: 4 },
} as const;
if (!Number.isInteger(config.steps) || config.steps < 1) {
  throw new Error(`steps must be a whole number above 0, got ${process.argv[2] ?? process.env.STEPS}`);
}

const { sceneSize, training } = config;
const { batchSize, imageSize, seed } = training;
const stepsPerEpoch = Math.min(config.steps, config.scenes / batchSize);
const epochs = Math.ceil(config.steps / stepsPerEpoch);
const scenes = syntheticScenes({ count: stepsPerEpoch * batchSize, size: sceneSize, seed });
const unseen = syntheticScenes({ count: config.scoredScenes, size: sceneSize, seed: seed + 1 });

const backbone = resnet({
  block: 'basic',
  layers: [1, 1, 1, 1],
  planes: [16, 32, 64, 128],
  stemChannels: 16,
  outputStride: config.outputStride,
});

/** Only `matching` differs between the methods. */
function methodWith(matching: MatchingStrategy) {
  return pixcon({ backbone, matching, hidden: 256, dim: 64 });
}

/** Mean IoU in percent of frozen features; `statistics: 'batch'` because the running ones are still young. */
async function score({ online }: MethodState): Promise<number> {
  const parameters = scoped(online, 'backbone');
  const { meanIoU } = await scoreCells(backbone, parameters, unseen, { imageSize, statistics: 'batch' });
  return rounded(100 * meanIoU, 1);
}

/** One line, written over and over; off a terminal, only how it ends. */
function showProgress(name: string, event: PretrainEvent): void {
  if (event.type !== 'step') return;
  const { step, totalSteps, secondsLeft, metrics } = event;
  const line = `${name}: step ${step}/${totalSteps}, loss ${rounded(metrics?.loss)}, ${rounded(secondsLeft, 0)} s left`;
  if (step === totalSteps) console.log(process.stdout.isTTY ? `\r${line.padEnd(78)}` : line);
  else if (process.stdout.isTTY) process.stdout.write(`\r${line.padEnd(78)}`);
}

const rounded = (value = Number.NaN, digits = 3) => Number(value.toFixed(digits));

console.log(explainBackend(await startBackend(config.backend)));
const sizes = { seed, datasetSize: scenes.length, batchSize };
const untrained = initialState(methodWith(similarityMatching()), sizes);
const rows: Record<string, object> = { untrained: { 'mIoU %': await score(untrained) } };
untrained.dispose();

for (const [name, matching] of Object.entries(config.strategies)) {
  // The same seed: both start from the same weights and see the same views in the same order.
  const { state, metrics } = await pretrain(methodWith(matching), scenes, {
    ...training,
    epochs,
    onEvent: (event) => showProgress(name, event),
  });
  rows[name] = {
    chance: rounded(metrics?.chance),
    loss: rounded(metrics?.loss),
    'dense part': rounded(metrics?.dense),
    'mean weight': rounded(metrics?.matchWeight),
    'mIoU %': await score(state),
  };
  state.dispose();
}
console.table(rows, ['chance', 'loss', 'dense part', 'mean weight', 'mIoU %']);
