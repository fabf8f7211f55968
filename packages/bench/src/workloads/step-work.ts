import {
  applyPhotometricToBytes,
  byolAugmentation,
  samplePhotometric,
  sampleTwoCrops,
} from '@pixcon/augment';
import { resnet10, resnet18, resnet50 } from '@pixcon/backbones';
import { RandomStream, type View, type ViewPair } from '@pixcon/core';
import { semanticReweighting, similarityMatching } from '@pixcon/matching';
import { pixcon } from '@pixcon/methods';
import { lossScale, sgd } from '@pixcon/optimizers';
import { trainStep } from '@pixcon/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { watchMethod, watchOptimizer, watchState } from '../profile/phases.ts';
import type { Recorder } from '../profile/recorder.ts';
import type { Work } from './work.ts';
import type { StepSizes } from './workload.ts';

const architectures = { resnet10, resnet18, resnet50 } as const;

/**
 * PixCon-SR on fixed random views that are on the device: target forward, losses, gradients, SGD, target update,
 * queues; no loading, no upload and no augmentation, as in the peer. With a recorder, one augmentation of a batch
 * comes before each step, so that the profile shows what it would cost.
 */
export function stepWork(sizes: StepSizes, recorder?: Recorder): Work {
  const { arch, batchSize, queueLength, hidden, dim, accumulate = 1 } = sizes;
  const { recompute = false, precision = 'full' } = sizes;
  const random = new RandomStream(0);
  const plain = pixcon({
    backbone: architectures[arch]({ recompute, precision }),
    matching: watchMatching(recorder),
    queueLength,
    temperature: 0.2,
    denseWeight: 0.5,
    hidden,
    dim,
    targetMomentum: 0.99,
  });
  const method = recorder ? watchMethod(plain, recorder) : plain;
  const state = plain.initialize({ random: random.fork('initial'), batchSize });
  if (recorder) watchState(state, recorder);
  const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
  const watched = recorder ? watchOptimizer(optimizer, recorder) : optimizer;
  const views = randomViews(sizes, random.fork('views'));
  const scaling = precision === 'mixed' ? lossScale() : undefined;
  let index = 0;
  return {
    async step() {
      if (recorder) augmentOnce(sizes, random.fork('augmentation'), recorder);
      const scalars = trainStep(method, state, watched, views, {
        step: index,
        learningRate: 0.05,
        targetMomentum: 0.99,
        accumulate,
        lossScale: scaling,
        random: random.fork('step', index++),
      });
      // Devices work in order: when the loss has come, all that was queued before the read is done too.
      await scalars.loss?.data();
      recorder?.phase(undefined);
      tf.dispose(scalars);
    },
    dispose() {
      for (const { images } of views.views) images.dispose();
      optimizer.dispose();
      scaling?.dispose();
      state.dispose();
    },
  };
}

function watchMatching(recorder: Recorder | undefined) {
  const matching = semanticReweighting(similarityMatching());
  if (!recorder) return matching;
  return (...input: Parameters<typeof matching>) => {
    recorder.phase('loss');
    return matching(...input);
  };
}

function randomViews({ imageSize, batchSize }: StepSizes, random: RandomStream): ViewPair {
  const pairs = Array.from({ length: batchSize }, (_, i) =>
    sampleTwoCrops(640, 480, random.fork('crops', i), byolAugmentation().crops),
  );
  const view = (side: 0 | 1): View => ({
    images: tf.randomNormal([batchSize, imageSize, imageSize, 3], 0, 1, 'float32', side + 1),
    geometry: pairs.map((pair) => pair[side]),
  });
  return { views: [view(0), view(1)], names: pairs.map((_, i) => `image ${i}`) };
}

/** Two views of a batch from host memory, as the trainer makes them, thrown away. */
function augmentOnce({ imageSize, batchSize }: StepSizes, random: RandomStream, recorder: Recorder): void {
  recorder.phase('augmentation');
  const { views, mean, standardDeviation } = byolAugmentation();
  for (const [side, recipe] of views.entries()) {
    const pixels = new Uint8Array(batchSize * imageSize * imageSize * 3).fill(128);
    const parameters = Array.from({ length: batchSize }, (_, i) =>
      samplePhotometric(random.fork(side, i), recipe),
    );
    const options = { height: imageSize, width: imageSize, mean, standardDeviation };
    applyPhotometricToBytes(pixels, parameters, options).dispose();
  }
}
