import { registerGradients } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

/** Makes a registered tfjs backend the active one, waiting for it, and the tape able to differentiate on it. */
export async function activate(tensorflowName: string): Promise<void> {
  if (!(await tf.setBackend(tensorflowName)))
    throw new Error(`tfjs could not initialize '${tensorflowName}'`);
  await tf.ready();
  registerGradients();
}
