import { type HostTensor, loadParameters } from '@pixcon/checkpoints';
import { type ParameterSet, PixconError, RandomStream, type ViewPair } from '@pixcon/core';
import { sgd } from '@pixcon/optimizers';
import { trainStep } from '@pixcon/trainer/step';
import * as tf from '@tensorflow/tfjs-core';
import { compareFinal, compareGradients, compareMatch, tolerances } from './compare.ts';
import { FixedRandom } from './fixed-random.ts';
import { type GoldenFile, type GoldenViews, tensorOf } from './golden-file.ts';
import { goldenMethod } from './golden-method.ts';
import { type NamePrefixes, ourName } from './parameter-names.ts';

export interface GoldenResult {
  readonly name: string;
  readonly status: 'pass' | 'fail' | 'not covered';
  /** Largest relative error of the first step's losses, of all losses, of the first step's gradients. */
  readonly firstLossError?: number;
  readonly lossError?: number;
  readonly gradientError?: number;
  /** What disagreed, a sentence each. */
  readonly failures: readonly string[];
}

/** Repeats the four steps of a golden file on the running backend and compares. */
export async function runGolden(file: GoldenFile, views: GoldenViews): Promise<GoldenResult> {
  let firstMatch: { index: tf.Tensor; weight: tf.Tensor } | undefined;
  const golden = goldenMethod(file, (full) => {
    if (firstMatch) return;
    const { index, weight } = full();
    firstMatch = { index: tf.keep(tf.clone(index)), weight: tf.keep(tf.clone(weight)) };
  });
  if (!golden) return { name: file.name, status: 'not covered', failures: [] };
  const { method } = golden;
  const { record, tensors } = file;
  const failures: string[] = [];

  const batch = uploadViews(views);
  const state = method.initialize({ random: new RandomStream(0), batchSize: views.geometry[0].length });
  loadInitialParameters(state.online, golden.prefixes, tensors);
  if (state.target) loadInitialParameters(state.target, golden.prefixes, tensors);
  for (const [theirs, ours] of Object.entries(golden.queues)) {
    const { data, shape } = tensorOf(tensors, `init/${theirs}`);
    const keys = tf.tidy(() => tf.transpose(tf.tensor2d(data as Float32Array, shape as [number, number])));
    state.queues[ours]?.restore({ keys: keys as tf.Tensor2D, pointer: 0, filled: 0 });
    keys.dispose();
  }
  const optimizer = sgd({ momentum: record.optimizer.momentum, weightDecay: record.optimizer.weightDecay });

  let firstLossError = 0;
  let lossError = 0;
  let gradientError = 0;
  for (const [step, expected] of record.losses.entries()) {
    const gradients: [name: string, gradient: tf.Tensor][] = [];
    const scalars = trainStep(method, state, optimizer, batch, {
      step,
      learningRate: record.optimizer.lr,
      targetMomentum: golden.targetMomentum?.(step) ?? method.targetMomentum ?? 1,
      random: new FixedRandom(record.enqueueRandom?.[step] ?? 0),
      // The other steps go as they do for everyone.
      ...(step === 0 && {
        onGradients: (all: ReadonlyMap<string, tf.Tensor>) => {
          for (const [name, gradient] of all) gradients.push([name, tf.keep(tf.clone(gradient))]);
        },
      }),
    });
    for (const [theirs, value] of Object.entries(expected)) {
      const ours = theirs === 'total' ? 'loss' : golden.terms[theirs];
      const scalar = ours === undefined ? undefined : scalars[ours];
      if (!scalar)
        throw new PixconError(
          'data',
          `golden: ${file.name} records a loss named ${theirs}, which no term answers`,
        );
      const actual = ((await scalar.data())[0] as number) + (golden.offset ?? 0);
      const error = Math.abs(actual - value) / Math.abs(value);
      lossError = Math.max(lossError, error);
      if (step === 0) firstLossError = Math.max(firstLossError, error);
      const limit = step === 0 ? tolerances.firstLoss : tolerances.losses;
      if (!(error <= limit))
        failures.push(
          `step ${step}: ${theirs} is ${actual}, expected ${value} (relative error ${error.toExponential(1)})`,
        );
    }
    if (step === 0) {
      gradientError = await compareGradients(
        new Map(gradients),
        state.online,
        golden.prefixes,
        tensors,
        failures,
      );
      if (firstMatch) await compareMatch(firstMatch, tensors, failures);
    }
    tf.dispose([gradients.map(([, gradient]) => gradient), scalars]);
  }
  await compareFinal(state, golden, tensors, failures);
  tf.dispose([
    firstMatch ? [firstMatch.index, firstMatch.weight] : [],
    batch.views.map((view) => view.images),
  ]);
  optimizer.dispose();
  state.dispose();
  return {
    name: file.name,
    status: failures.length === 0 ? 'pass' : 'fail',
    firstLossError,
    lossError,
    gradientError,
    failures,
  };
}

function uploadViews(views: GoldenViews): ViewPair {
  const view = (side: 0 | 1) => {
    const { data, shape } = views.images[side];
    const images = tf.tidy(() =>
      tf.transpose(
        tf.tensor4d(data as Float32Array, shape as [number, number, number, number]),
        [0, 2, 3, 1],
      ),
    );
    return { images, geometry: views.geometry[side] };
  };
  const names = views.geometry[0].map((_, index) => `golden ${index}`);
  return { views: [view(0), view(1)], names };
}

function loadInitialParameters(
  parameters: ParameterSet,
  prefixes: NamePrefixes,
  tensors: GoldenFile['tensors'],
): void {
  const initial = new Map<string, HostTensor>();
  for (const [name, tensor] of tensors) {
    const ours = name.startsWith('init/') ? ourName(name.slice('init/'.length), prefixes) : undefined;
    if (ours !== undefined && parameters.has(ours)) initial.set(ours, tensor);
  }
  loadParameters(parameters, initial);
}
