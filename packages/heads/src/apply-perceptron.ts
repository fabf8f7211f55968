import type { Mode, Parameters } from '@pixcon/core';
import { batchNormalization, linear, relu } from '@pixcon/ops';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** FC – BN – ReLU – FC on rows `[rows, input]` → `[rows, output]`. Not tidy. */
export function applyPerceptron(
  parameters: Parameters,
  rows: Tensor2D,
  mode: Mode,
  normalization: boolean,
): Tensor2D {
  const layer = (name: string, x: Tensor2D) =>
    linear(
      x,
      parameters.get(`${name}.weight`) as unknown as Tensor2D,
      parameters.get(`${name}.bias`) as unknown as Tensor1D,
    );
  const hidden = layer('0', rows);
  const activated = normalization
    ? batchNormalization(
        hidden,
        {
          scale: parameters.get('1.weight') as unknown as Tensor1D,
          offset: parameters.get('1.bias') as unknown as Tensor1D,
          runningMean: parameters.get('1.running_mean'),
          runningVariance: parameters.get('1.running_var'),
        },
        { training: mode.training, epsilon: 1e-5, momentum: 0.1, relu: true },
      )
    : relu(hidden);
  return layer('3', activated);
}
