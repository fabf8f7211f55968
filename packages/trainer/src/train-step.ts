import {
  assertNumber,
  type Losses,
  type Method,
  type MethodState,
  type Optimizer,
  PixconError,
  type StepContext,
  type Targets,
  type ViewPair,
} from '@pixcon/core';
import { valueAndGradients } from '@pixcon/ops';
import type { LossScale } from '@pixcon/optimizers';
import * as tf from '@tensorflow/tfjs-core';
import { batchParts } from './batch-parts.ts';
import { assertLosses, assertLossParts, assertTargets } from './check-parts.ts';
import { ScalarTotals } from './scalar-totals.ts';
import type { StepInspector } from './step-checks.ts';

export interface TrainStepOptions extends StepContext {
  readonly learningRate: number;
  /** Of the parameters that a method names in `fixedLearningRate`; by default `learningRate`. */
  readonly fixedLearningRate?: number;
  /**
   * Parts that the batch is computed in, one after another, before the one update: less memory, the same number of
   * images. Each part has batch statistics of its own. Divides the batch; default 1.
   */
  readonly accumulate?: number;
  /**
   * Of a method whose backbone has `precision: 'mixed'`: multiplies the loss for the backward pass, and has a step
   * without effect on the online parameters where gradients overflow.
   */
  readonly lossScale?: LossScale | undefined;
  /**
   * Sees the gradients by parameter name before the optimizer does; it must not keep them. They are summed over the
   * parts of the loss first, which takes the memory of another set of parameters, and may round the last bit otherwise.
   */
  readonly onGradients?: (gradients: ReadonlyMap<string, tf.Tensor>) => void;
  /** Sees what the parts of the method hand over, for checks; changes nothing, and must not keep what it sees. */
  readonly inspector?: StepInspector | undefined;
}

/** Scalars of a step, still on the device. The caller disposes them. */
export type StepScalars = Readonly<Record<string, tf.Scalar>>;

/**
 * One training step: target forward, online forward and gradients, optimizer, target and queues. Nothing is read
 * back to the host.
 *
 * @returns `loss` (the total), each loss term and each diagnostic by name; with `lossScale`, also that and `overflow`
 * @throws PixconError `invalid-argument` when `accumulate` does not divide the batch, for a learning rate or momentum out
 *   of range, and, as `invalid-shape`, for what a part of the method hands over in another form than its interface says
 * @example
 * const scalars = trainStep(method, state, sgd(), batch, { step: 0, learningRate: 0.05, targetMomentum: 0.99, random });
 * const loss = (await scalars.loss.data())[0];
 */
export function trainStep(
  method: Method,
  state: MethodState,
  optimizer: Optimizer,
  batch: ViewPair,
  options: TrainStepOptions,
): StepScalars {
  const {
    learningRate,
    fixedLearningRate = learningRate,
    accumulate = 1,
    lossScale,
    onGradients,
    inspector,
    ...context
  } = options;
  assertDivides(accumulate, batch);
  assertNumber('trainStep', 'learningRate', learningRate, { minimum: 0 });
  assertNumber('trainStep', 'fixedLearningRate', fixedLearningRate, { minimum: 0 });
  assertNumber('trainStep', 'targetMomentum', context.targetMomentum, { minimum: 0, maximum: 1 });
  optimizer.prepare?.(state.online);
  const sums = new ScalarTotals();
  const diagnostics = new ScalarTotals();
  const gradients = new Map<string, tf.Tensor>();
  /** What the optimizer has of this step's gradients. */
  const accumulated = new Set<string>();
  const targets: Targets[] = [];
  let unscaled = false;
  try {
    tf.tidy(() => {
      method.prepare?.(state, context);
      for (const part of batchParts(batch, accumulate)) {
        const keys = tf.tidy(() => {
          const made = method.encodeTargets(state, part, context);
          assertTargets(method, made);
          return made;
        });
        targets.push(keepAll(keys));
        inspector?.targets(keys);
        const lossParts = method.losses(state, part, keys, context);
        assertLossParts(method, lossParts);
        for (const lossPart of lossParts) {
          // As late as this, since the last part's go to the update. Not where an overflow may come of a later part.
          if (gradients.size > 0 && optimizer.accumulate && !onGradients && !lossScale) {
            inspector?.gradients(gradients);
            optimizer.accumulate(state.online, gradients);
            for (const name of gradients.keys()) accumulated.add(name);
            freeAll(gradients);
          }
          addGradients(state, gradients, () => {
            const losses = lossPart();
            assertLosses(method, losses);
            inspector?.losses(losses);
            const total = accumulate === 1 ? losses.total : tf.div<tf.Scalar>(losses.total, accumulate);
            sums.add({ loss: losses.total, ...losses.terms });
            diagnostics.add(losses.diagnostics);
            return lossScale ? lossScale.scale(total) : total;
          });
        }
      }
    });
    inspector?.gradients(gradients);
    for (const name of accumulated) {
      if (!gradients.has(name)) gradients.set(name, tf.zerosLike(state.online.get(name)));
    }
    if (lossScale) {
      unscale(lossScale, gradients);
      unscaled = true;
    }
    onGradients?.(gradients);
    const skip = lossScale?.overflow;
    const fixed = new Map([...gradients].filter(([name]) => isFixed(method, name)));
    const others = new Map([...gradients].filter(([name]) => !fixed.has(name)));
    optimizer.update(state.online, others, learningRate, { skip });
    if (fixed.size > 0) optimizer.update(state.online, fixed, fixedLearningRate, { skip });
    freeAll(gradients);
    tf.tidy(() => method.update(state, joined(targets), context));
    const { loss, ...terms } = sums.sums(accumulate);
    return { loss: loss as tf.Scalar, ...terms, ...diagnostics.means(), ...lossScale?.scalars() };
  } finally {
    // Also where the step failed: the next one must not be skipped for its overflow.
    if (unscaled) lossScale?.adapt();
    sums.dispose();
    diagnostics.dispose();
    freeAll(gradients);
    for (const keys of targets) tf.dispose(Object.values(keys));
  }
}

/** Adds the gradients of `total` to `gradients`. */
function addGradients(
  state: MethodState,
  gradients: Map<string, tf.Tensor>,
  total: () => Losses['total'],
): void {
  const variables = new Map(state.online.trainable().map(({ name }) => [name, state.online.get(name)]));
  const before = new Map(gradients);
  // Taken over: nothing here may dispose them any more.
  gradients.clear();
  const result = valueAndGradients(total, variables, before);
  result.value.dispose();
  for (const [name, gradient] of result.gradients) gradients.set(name, tf.keep(gradient));
}

/** Replaces the gradients of the scaled loss by those of the loss. */
function unscale(lossScale: LossScale, gradients: Map<string, tf.Tensor>): void {
  const scaled = new Map(gradients);
  // Taken over: nothing here may dispose them any more.
  gradients.clear();
  for (const [name, gradient] of lossScale.unscale(scaled)) gradients.set(name, gradient);
}

function freeAll(tensors: Map<string, tf.Tensor>): void {
  tf.dispose([...tensors.values()]);
  tensors.clear();
}

function isFixed({ fixedLearningRate = [] }: Method, name: string): boolean {
  return fixedLearningRate.some((prefix) => name.startsWith(prefix));
}

function assertDivides(accumulate: number, { names }: ViewPair): void {
  if (Number.isInteger(accumulate) && accumulate >= 1 && names.length % accumulate === 0) return;
  throw new PixconError(
    'invalid-argument',
    `trainStep: accumulate must divide the batch of ${names.length} images, got ${accumulate}`,
  );
}

function keepAll(targets: Targets): Targets {
  for (const tensor of Object.values(targets)) tf.keep(tensor);
  return targets;
}

function joined(targets: readonly Targets[]): Targets {
  const [first, ...rest] = targets;
  if (!first || rest.length === 0) return first ?? {};
  return Object.fromEntries(
    Object.keys(first).map((name) => [name, tf.concat(targets.map((part) => part[name] as tf.Tensor))]),
  );
}
