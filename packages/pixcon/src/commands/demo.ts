import { join } from 'node:path';
import { byolAugmentation } from '@pixcon/augment';
import { resnet } from '@pixcon/backbones';
import { explainBackend, startBackend } from '@pixcon/backend';
import { writeFileAtomic } from '@pixcon/checkpoints/node';
import { type Method, type MethodState, PixconError, type SegmentationDataset, scoped } from '@pixcon/core';
import { syntheticScenes } from '@pixcon/datasets';
import { type CellScores, scoreCells } from '@pixcon/evaluation';
import { semanticReweighting, similarityMatching } from '@pixcon/matching';
import { pixcon } from '@pixcon/methods';
import { initialState, pretrain } from '@pixcon/trainer';
import { watchInterrupts } from '../interrupts.ts';
import { Progress } from '../progress.ts';

export interface DemoCommandOptions {
  readonly backend: 'auto' | 'tensorflow-gpu' | 'webgpu' | 'tensorflow' | 'wasm' | 'cpu';
  readonly seed: number;
  readonly epochs?: number;
  readonly out: string;
}

/** Small enough for one thread of WebAssembly: about four minutes. */
const settings = {
  scenes: 512,
  imageSize: 64,
  batchSize: 32,
  epochs: 20,
  learningRate: 0.1,
  scoredScenes: 128,
} as const;

/** `pixcon demo`: built-in scenes, PixCon-SR, scores before and after. Returns the exit code. */
export async function demoCommand(options: DemoCommandOptions): Promise<number> {
  const { seed, out, epochs = settings.epochs } = options;
  const { imageSize, batchSize } = settings;
  const progress = new Progress();
  const backend = await startBackend(options.backend);
  progress.line(explainBackend(backend));

  const scenes = syntheticScenes({ count: settings.scenes, size: 96, seed });
  const held = syntheticScenes({ count: settings.scoredScenes, size: 96, seed: seed + 1 });
  progress.line(
    `${scenes.length} scenes of ${scenes.classNames.length} classes, PixCon-SR at ${imageSize} px`,
  );

  const backbone = resnet({
    block: 'basic',
    layers: [1, 1, 1, 1],
    planes: [16, 32, 64, 128],
    stemChannels: 16,
    outputStride: 8,
  });
  const method = pixcon({
    name: 'pixcon-sr',
    backbone,
    matching: semanticReweighting(similarityMatching()),
    hidden: 256,
    dim: 64,
  });
  const augmentation = byolAugmentation();
  const sizes = { seed, datasetSize: scenes.length, batchSize };
  const untrained = initialState(method, sizes);
  const before = await score(method, untrained, held);
  untrained.dispose();
  progress.line(`before training: mIoU ${percent(before)}`);

  const interrupts = watchInterrupts((name) => progress.line(`${name}: finishing this step and saving`));
  try {
    const { state } = await pretrain(method, scenes, {
      epochs,
      batchSize,
      imageSize,
      seed,
      augmentation,
      learningRate: settings.learningRate,
      out,
      resume: true,
      signal: interrupts.signal,
      onEvent: (event) => progress.handle(event),
    });
    progress.stop();
    const after = await score(method, state, held);
    state.dispose();
    const scores = { before: before.meanIoU, after: after.meanIoU, classNames: scenes.classNames };
    await writeFileAtomic(
      join(out, 'scores.json'),
      new TextEncoder().encode(`${JSON.stringify(scores, null, 2)}\n`),
    );
    progress.line(
      `after training:  mIoU ${percent(after)} (nearest-neighbour labelling of ${after.queryCells} cells of scenes it has not seen)`,
    );
    progress.line(
      `${out}: backbone.safetensors (torchvision names), checkpoint.safetensors, metrics.jsonl, scores.json`,
    );
    return 0;
  } catch (error) {
    progress.stop();
    const code = interrupts.exitCode();
    if (code === undefined || !PixconError.isInstance(error) || error.code !== 'interrupted') throw error;
    progress.line(error.message);
    return code;
  } finally {
    interrupts.stop();
  }
}

function score(method: Method, state: MethodState, scenes: SegmentationDataset): Promise<CellScores> {
  const { mean, standardDeviation } = byolAugmentation();
  return scoreCells(method.backbone, scoped(state.online, method.backbonePrefix), scenes, {
    imageSize: settings.imageSize,
    mean,
    standardDeviation,
    statistics: 'batch',
  });
}

function percent({ meanIoU }: CellScores): string {
  return `${(100 * meanIoU).toFixed(1)}%`;
}
