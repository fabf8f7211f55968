import * as tf from '@tensorflow/tfjs-core';
import {
  type BatchNormalizationOptions,
  type BatchNormalizationParameters,
  batchNormalization,
} from './batch-normalization.ts';
import { differentiable } from './differentiable.ts';
import { kernels } from './kernels/kernels.ts';
import { moveRunningStatistics } from './running-statistics.ts';
import { backwardInSplits, normalizeBatch } from './split-normalization.ts';

/** A batch normalization that is left to the operation that reads its result; {@link normalizeInside} makes one. */
export interface PendingNormalization {
  readonly x: tf.Tensor4D;
  readonly parameters: BatchNormalizationParameters;
  readonly options: Omit<BatchNormalizationOptions<tf.Tensor4D>, 'residual'>;
}

/**
 * The batch normalization of `x`, for `convolution` and `maxPool` to take in the place of its result. Where that costs
 * little beside a convolution (TensorFlow's CPU with our kernels), their backward pass then normalizes again, and the
 * result, which the forward pass has made on the way, is not kept for it: half of what a block of a ResNet keeps between
 * its convolutions. Values and gradients are those of `batchNormalization` to the last bit.
 *
 * @param x `[batch, height, width, channels]`
 * @example
 * convolution(normalizeInside(x, parameters, { training: true, relu: true }), filter, { padding: 1 });
 */
export function normalizeInside(
  x: tf.Tensor4D,
  parameters: BatchNormalizationParameters,
  options: PendingNormalization['options'],
): PendingNormalization {
  return { x, parameters, options };
}

/** What reads the normalized images. */
export interface Reader<Name extends string> {
  /** What it reads beside them, which gradients go to. */
  readonly inputs: Readonly<Record<Name, tf.Tensor>>;
  forward(images: tf.Tensor4D): tf.Tensor4D;
  /**
   * The gradients to the images and to `inputs`, whose values it gets again. `output` is the result of `forward`, where
   * `keepsOutput`.
   */
  backward(
    dy: tf.Tensor4D,
    images: tf.Tensor4D,
    inputs: Readonly<Record<Name, tf.Tensor>>,
    output: tf.Tensor4D | undefined,
  ): { readonly images: tf.Tensor4D } & Readonly<Record<Name, tf.Tensor>>;
  readonly keepsOutput: boolean;
}

/** True for a normalization that is to be done by its reader, in one node of the tape. */
export function isDoneInside(input: tf.Tensor4D | PendingNormalization): input is PendingNormalization {
  if (input instanceof tf.Tensor) return false;
  const recorded = tf.engine().state.gradientDepth > 0;
  return recorded && input.options.training && kernels().normalizeAgain === true;
}

/** The images themselves, normalized in a node of their own where they are not yet. */
export function normalizedImages(input: tf.Tensor4D | PendingNormalization): tf.Tensor4D {
  return input instanceof tf.Tensor ? input : batchNormalization(input.x, input.parameters, input.options);
}

interface Affine {
  readonly scale?: tf.Tensor1D | undefined;
  readonly offset?: tf.Tensor1D | undefined;
}

/** Normalizes and reads in one node of the tape, which keeps `x` alone. */
export function normalizeAndRead<Name extends string>(
  { x, parameters, options }: PendingNormalization,
  reader: Reader<Name>,
): tf.Tensor4D {
  const { epsilon = 1e-5, momentum = 0.1, splits = 1, relu = false } = options;
  const scale = parameters.scale as tf.Tensor1D | undefined;
  const offset = parameters.offset as tf.Tensor1D | undefined;
  const normalize = (images: tf.Tensor4D, affine: Affine) =>
    normalizeBatch(
      { x: images, scale: affine.scale, offset: affine.offset, residual: undefined },
      parameters,
      { relu, epsilon, momentum, splits },
    );
  const inputs: Record<string, tf.Tensor> = {
    x,
    ...(scale && { scale }),
    ...(offset && { offset }),
    ...reader.inputs,
  };
  const names = Object.keys(inputs);
  return differentiable<tf.Tensor4D, string>(
    inputs,
    (save) => {
      const result = normalize(x, { scale, offset });
      moveRunningStatistics(parameters, result);
      const output = reader.forward(result.y);
      save(...Object.values(inputs), ...(reader.keepsOutput ? [output] : []));
      return output;
    },
    (dy, saved) => {
      const kept = Object.fromEntries(names.map((name, i) => [name, saved[i]])) as Record<string, tf.Tensor>;
      const images = kept.x as tf.Tensor4D;
      const affine = kept as Affine;
      const output = saved[names.length] as tf.Tensor4D | undefined;
      // At once: the engine's own tape frees what the gradient to one input makes before it asks for the next.
      const gradients = tf.tidy(() => {
        const { y, reserve } = normalize(images, affine);
        const { images: dImages, ...others } = reader.backward(
          dy,
          y,
          kept as Record<Name, tf.Tensor>,
          output,
        );
        const { scale: gamma } = affine;
        const rest = { scale: gamma, reserve, residual: false, epsilon };
        const normalized = backwardInSplits(
          { x: images, dy: dImages, y: relu ? y : undefined, ...rest },
          splits,
        );
        return { x: normalized.x, scale: normalized.scale, offset: normalized.offset, ...others };
      }) as Readonly<Record<string, tf.Tensor>>;
      return Object.fromEntries(names.map((name) => [name, () => gradients[name] as tf.Tensor]));
    },
  );
}
