import { assertNumber, assertOneOf, assertShape, type Module, prefixSpecs, scoped } from '@pixcon/core';
import { l2Normalize, relu } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { applyLinear, type LinearLayer, linearParameters } from './layers.ts';
import { applyPerceptron, perceptronParameters } from './perceptron.ts';

export interface PixelPropagationOptions {
  /** Channels in and out: the projection's. Default 256. */
  readonly dim?: number;
  /** γ, above 0: the power that similarities are raised to. Default 2. */
  readonly exponent?: number;
  /** Layers of the transformation g: 0 (none), 1 or 2 (with batch normalization and ReLU between). Default 1. */
  readonly layers?: 0 | 1 | 2;
}

/**
 * The pixel propagation module: each cell becomes the sum of all cells of its image, transformed by g, as far as they
 * are alike. With u = x / ‖x‖ and v = g(x) / ‖g(x)‖,
 *
 *     y_i = Σ_j max(⟨u_i, u_j⟩, 0)^γ · v_j
 *
 * `[batch, cells, dim]` → `[batch, cells, dim]`, not L2-normalised. It stands where other methods have a predictor:
 * on the online branch only.
 *
 * @throws PixconError `invalid-argument` for options outside their ranges
 * @see Xie et al. 2021, PixPro, arXiv:2011.10043; the authors' `featprop`
 *
 * @example
 * const propagation = pixelPropagation({ dim: 256 });
 * const parameters = ParameterSet.create(propagation.parameters, new RandomStream(0));
 * propagation.apply(parameters, tf.randomNormal([8, 49, 256]), { training: true }); // [8, 49, 256]
 */
export function pixelPropagation(options: PixelPropagationOptions = {}): Module<tf.Tensor3D, tf.Tensor3D> {
  const { dim = 256, exponent = 2, layers = 1 } = options;
  assertNumber('pixelPropagation', 'dim', dim, { minimum: 1, integer: true });
  assertNumber('pixelPropagation', 'exponent', exponent, { minimum: 0, exclusiveMinimum: true });
  assertOneOf('pixelPropagation', 'layers', layers, [0, 1, 2]);
  const transformation = transform(layers, dim);
  return {
    parameters: transformation.parameters,
    apply(parameters, cells, mode) {
      assertShape('pixelPropagation', 'cells', cells, [null, null, dim]);
      const [batch, count] = cells.shape;
      return tf.tidy(() => {
        const rows = tf.reshape<tf.Rank.R2>(cells, [batch * count, dim]);
        const values = tf.reshape(l2Normalize(transformation.apply(parameters, rows, mode)), cells.shape);
        const unit = l2Normalize(cells);
        const attention = rectifiedPower(tf.matMul(unit, unit, false, true), exponent);
        return tf.matMul(attention, values) as tf.Tensor3D;
      });
    },
  };
}

/** g on rows; its parameters are below `transform`. */
function transform(layers: 0 | 1 | 2, dim: number): Module<tf.Tensor2D, tf.Tensor2D> {
  if (layers === 0) return { parameters: [], apply: (_, rows) => rows };
  if (layers === 1) {
    const layer: LinearLayer = {
      name: 'transform',
      input: dim,
      output: dim,
      layout: 'pointwise',
      bias: true,
    };
    return {
      parameters: linearParameters(layer),
      apply: (parameters, rows) => applyLinear(layer, parameters, rows),
    };
  }
  const sizes = {
    input: dim,
    hidden: dim,
    output: dim,
    normalization: true,
    hiddenBias: true,
    outputBias: true,
    layout: 'pointwise',
  } as const;
  return {
    parameters: prefixSpecs('transform', perceptronParameters(sizes)),
    apply: (parameters, rows, mode) => applyPerceptron(sizes, scoped(parameters, 'transform'), rows, mode),
  };
}

/** max(x, 0) ^ exponent. Powers below 1 are steep at 0: as the authors do, 1e-6 is added there. */
function rectifiedPower(x: tf.Tensor, exponent: number): tf.Tensor {
  const positive = relu(x);
  if (exponent === 1) return positive;
  if (exponent === 2) return tf.square(positive);
  return power(exponent < 1 ? tf.add(positive, 1e-6) : positive, exponent);
}

/** x ^ exponent of values that are not negative; the stock gradient takes a logarithm of zeros. */
function power(x: tf.Tensor, exponent: number): tf.Tensor {
  return tf.customGrad((input, save) => {
    const base = input as tf.Tensor;
    (save as tf.GradSaveFunc)([base]);
    return {
      value: tf.pow(base, exponent),
      gradFunc: (dy, [saved]) => tf.mul(dy, tf.mul(tf.pow(saved as tf.Tensor, exponent - 1), exponent)),
    };
  })(x);
}
