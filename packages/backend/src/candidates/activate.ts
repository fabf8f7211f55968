import * as tf from '@tensorflow/tfjs-core';

/** Makes a registered tfjs backend the active one, waiting for it. */
export async function activate(tensorflowName: string): Promise<void> {
  if (!(await tf.setBackend(tensorflowName)))
    throw new Error(`tfjs could not initialize '${tensorflowName}'`);
  await tf.ready();
}
