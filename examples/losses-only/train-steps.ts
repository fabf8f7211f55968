import { valueAndGradients } from '@pixcon/ops';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Moves the model down the gradient of `loss`; returns the loss before, which the caller disposes. */
export type TrainStep = (optimizer: tf.Optimizer, loss: () => tf.Scalar, model: LayersModel) => tf.Scalar;

/** TensorFlow.js's own way: its tape holds every activation until the last gradient is done. */
export const minimize: TrainStep = (optimizer, loss, model) =>
  optimizer.minimize(loss, true, variablesOf(model)) as tf.Scalar;

/** The same gradients on PixCon's tape, which frees each activation at its last use. */
export const freeEarly: TrainStep = (optimizer, loss, model) => {
  const variables = variablesOf(model);
  const { value, gradients } = valueAndGradients(loss, new Map(variables.map((each) => [each.name, each])));
  optimizer.applyGradients(Object.fromEntries(gradients));
  for (const gradient of gradients.values()) gradient.dispose();
  return value;
};

/** The tensors behind a model's trainable weights, to read and to assign. */
export function variablesOf(model: LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}
