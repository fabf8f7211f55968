import {
  assertFeatureMap,
  type Method,
  type MethodState,
  PixconError,
  scoped,
  type ViewPair,
} from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { describeScalars } from './describe-scalars.ts';
import { zeroIfFinite } from './step-checks.ts';

export interface BrokenStep {
  readonly method: Method;
  /** Makes the state that the step began with; its own has been moved. */
  readonly initial?: (() => MethodState) | undefined;
  /** Counted from 1. */
  readonly step: number;
  readonly views: ViewPair;
  /** Names of the targets that are not finite. */
  readonly targets: readonly string[];
  readonly values: Readonly<Record<string, number>>;
}

/**
 * Names the first part that gave a value that is not finite, in a step that began with finite parameters.
 *
 * @throws PixconError `numerical`, always
 */
export async function blameFirstStep(broken: BrokenStep): Promise<never> {
  const { method, step, views, targets, values } = broken;
  const images = describeImages(views);
  await assertFeatures(broken);
  const [target] = targets;
  if (target !== undefined) {
    throw numerical(
      `${method.name}: encodeTargets: ${target} must be finite, but holds a value that is not at step ${step}; look at how it is computed, or at ${images}`,
    );
  }
  const bad = Object.keys(values).find((name) => !Number.isFinite(values[name])) ?? 'total';
  throw numerical(
    `${method.name}: losses: ${bad} must be finite, but is ${values[bad]} at step ${step} (${describeScalars(values)}), from finite features; look at how it is computed, or at ${images}`,
  );
}

/**
 * Throws unless the views are finite. Some backends lose a NaN on the way, so that no loss shows it.
 *
 * @throws PixconError `numerical`
 */
export async function assertViews({ step, views }: Pick<BrokenStep, 'step' | 'views'>): Promise<void> {
  const [view] = await brokenOf(views.views.map(({ images }, side) => [`view ${side + 1}`, images]));
  if (view === undefined) return;
  throw numerical(
    `augmentation: ${view} must be finite, but holds a value that is not at step ${step}; look at mean and standardDeviation, and at ${describeImages(views)}`,
  );
}

/** @throws PixconError `numerical` where the features of finite views are not finite */
export async function assertFeatures(broken: Omit<BrokenStep, 'targets' | 'values'>): Promise<void> {
  const { method, step, views } = broken;
  if (await backboneIsSound(broken)) return;
  throw numerical(
    `backbone ${method.backbone.name}: its feature map must be finite, but holds a value that is not at step ${step}, for finite images; look at its layers, or at ${describeImages(views)}`,
  );
}

function describeImages({ names }: ViewPair): string {
  return `the images of that batch: ${names.join(', ')}`;
}

/** Whether the backbone gives finite features of the first view; true where the state it had is gone. */
async function backboneIsSound({
  method,
  initial,
  views,
}: Pick<BrokenStep, 'method' | 'initial' | 'views'>): Promise<boolean> {
  const state = initial?.();
  if (!state) return true;
  const { backbone, backbonePrefix } = method;
  const [{ images }] = views.views;
  try {
    const result = tf.tidy(() => {
      const map = backbone.apply(scoped(state.online, backbonePrefix), images, { training: true });
      assertFeatureMap(backbone, map, images.shape[0]);
      return zeroIfFinite(map);
    });
    const [value] = await result.data();
    result.dispose();
    return value === 0;
  } finally {
    state.dispose();
  }
}

/** The names of the tensors that hold a value that is not finite. */
export async function brokenOf(
  tensors: readonly (readonly [name: string, tensor: tf.Tensor])[],
): Promise<string[]> {
  // Tidy one by one: together the products are as large as all of them.
  const checks = tf.tidy(() => tf.stack(tensors.map(([, tensor]) => tf.tidy(() => zeroIfFinite(tensor)))));
  const values = await checks.data();
  checks.dispose();
  return tensors.flatMap(([name], place) => (values[place] === 0 ? [] : [name]));
}

function numerical(message: string): PixconError {
  return new PixconError('numerical', message);
}
