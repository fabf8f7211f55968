import { assertNumber, assertShape, type Module, type ParameterSpec } from '@pixcon/core';
import { batchNormalization, linear, relu } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { filled, uniformByFanIn } from './initializers.ts';

export interface ProjectionHeadOptions {
  /** Width of the rows that come in. */
  readonly inputChannels: number;
  /** Width between the two layers. Default 2048. */
  readonly hidden?: number;
  /** Width of the rows that go out. Default 128. */
  readonly output?: number;
  /** Batch normalization between the layers. Default true; MoCo v2 and DenseCL have none. */
  readonly normalization?: boolean;
}

/**
 * The two-layer projection of MoCo-v2+ and PixCon on rows: FC, batch normalization, ReLU, FC.
 *
 * Parameter names are those of PyTorch's `nn.Sequential(Linear, BatchNorm1d, ReLU, Linear)`: `0.weight`,
 * `0.bias`, `1.weight` … `1.running_var`, `3.weight`, `3.bias` (without normalization `0` and `2`). Initial
 * values are PyTorch's defaults.
 *
 * @returns a module `[rows, inputChannels]` → `[rows, output]`
 * @throws PixconError `invalid-argument` for a width below 1
 * @see the PixCon paper, section 5.1 (2048 hidden, 128 out); mmselfsup `NonLinearNeck`
 * @example
 * const head = projectionHead({ inputChannels: 512, hidden: 1024 });
 * const parameters = ParameterSet.create(head.parameters, new RandomStream(0));
 * head.apply(parameters, tf.zeros([8, 512]), { training: true }); // [8, 128]
 */
export function projectionHead(options: ProjectionHeadOptions): Module<tf.Tensor2D, tf.Tensor2D> {
  return twoLayers('projectionHead', 'linear', options);
}

/**
 * A predictor of the online branch: the projection's form, from `dim` to `dim`.
 *
 * @returns a module `[rows, dim]` → `[rows, dim]`
 * @throws PixconError `invalid-argument` for a width below 1
 * @example
 * predictor({ dim: 128 }).parameters.length; // => 8
 */
export function predictor(
  options: { readonly dim?: number; readonly hidden?: number } = {},
): Module<tf.Tensor2D, tf.Tensor2D> {
  const { dim = 128, hidden = 2048 } = options;
  return twoLayers('predictor', 'linear', { inputChannels: dim, hidden, output: dim });
}

/**
 * The projection head as 1×1 convolutions over every cell; its batch normalization takes all cells of the batch
 * together. In files its weights are 1×1 kernels.
 *
 * @returns a module `[batch, cells, inputChannels]` → `[batch, cells, output]`
 * @throws PixconError `invalid-argument` for a width below 1
 * @see the PixCon paper, section 5.1; mmselfsup `DenseCLNeck`
 * @example
 * const head = denseHead({ inputChannels: 2048 });
 * const parameters = ParameterSet.create(head.parameters, new RandomStream(0));
 * head.apply(parameters, tf.zeros([2, 49, 2048]), { training: true }); // [2, 49, 128]
 */
export function denseHead(options: ProjectionHeadOptions): Module<tf.Tensor3D, tf.Tensor3D> {
  const rows = twoLayers('denseHead', 'pointwise', options);
  return {
    parameters: rows.parameters,
    apply(parameters, cells, mode) {
      assertShape('denseHead', 'cells', cells, [null, null, options.inputChannels]);
      const [batch, count, channels] = cells.shape;
      return tf.tidy(() => {
        const flat = tf.reshape(cells, [batch * count, channels]) as tf.Tensor2D;
        const projected = rows.apply(parameters, flat, mode);
        return tf.reshape(projected, [batch, count, projected.shape[1]]) as tf.Tensor3D;
      });
    },
  };
}

function twoLayers(
  where: string,
  layout: 'linear' | 'pointwise',
  options: ProjectionHeadOptions,
): Module<tf.Tensor2D, tf.Tensor2D> {
  const { inputChannels, hidden = 2048, output = 128, normalization = true } = options;
  for (const [name, value] of Object.entries({ inputChannels, hidden, output })) {
    assertNumber(where, name, value, { minimum: 1, integer: true });
  }
  const last = normalization ? 3 : 2;
  const layer = (name: number, from: number, to: number): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [from, to], layout, role: 'weight', initialize: uniformByFanIn(from * to, from) },
    { name: `${name}.bias`, shape: [to], layout: 'vector', role: 'bias', initialize: uniformByFanIn(to, from) },
  ];
  const vector = (name: string, role: ParameterSpec['role'], value: number): ParameterSpec => ({
    name: `1.${name}`,
    shape: [hidden],
    layout: 'vector',
    role,
    initialize: filled(hidden, value),
  });
  return {
    parameters: [
      ...layer(0, inputChannels, hidden),
      ...(normalization
        ? [
            vector('weight', 'normalization', 1),
            vector('bias', 'normalization', 0),
            vector('running_mean', 'buffer', 0),
            vector('running_var', 'buffer', 1),
          ]
        : []),
      ...layer(last, hidden, output),
    ],
    apply(parameters, x, mode) {
      assertShape(where, 'x', x, [null, inputChannels]);
      const fullyConnected = (name: number, input: tf.Tensor2D): tf.Tensor2D =>
        linear(
          input,
          parameters.get(`${name}.weight`) as unknown as tf.Tensor2D,
          parameters.get(`${name}.bias`) as unknown as tf.Tensor1D,
        );
      return tf.tidy(() => {
        const first = fullyConnected(0, x);
        const activated = normalization
          ? batchNormalization(
              first,
              {
                scale: parameters.get('1.weight'),
                offset: parameters.get('1.bias'),
                runningMean: parameters.get('1.running_mean'),
                runningVariance: parameters.get('1.running_var'),
              },
              { training: mode.training, relu: true },
            )
          : relu(first);
        return fullyConnected(last, activated);
      });
    },
  };
}
