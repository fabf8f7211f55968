import * as tf from '@tensorflow/tfjs-core';
import { execute, executeMany } from './execute.ts';

/** A variable whose buffer TensorFlow's resource operations write into. */
export interface InPlace {
  /** What resource operations take; needs `release` before. */
  readonly handle: tf.Tensor;
  /**
   * Lets go of the buffer, so that the next operation writes into it and not into a copy: from here to the end, the
   * variable shows `standIn`. Everything else that shares the buffer keeps its values, and then it is a copy.
   */
  release(): void;
}

/**
 * Runs `update` on variables whose memory it may write into; afterwards they have what was written.
 *
 * @param standIn any tensor of the variables' shape
 */
export function updateInPlace(
  variables: readonly tf.Variable[],
  standIn: tf.Tensor,
  update: (...resources: InPlace[]) => void,
): void {
  tf.tidy(() => {
    const handles = variables.map((variable, index) =>
      execute(
        'VarHandleOp',
        {
          dtype: 'float32',
          shape: { dimensions: variable.shape },
          container: '',
          // TensorFlow keeps a kernel for every set of attributes, for ever: the same few names each time.
          shared_name: `pixcon-${index}`,
        },
        [],
      ),
    );
    const held: number[] = [];
    try {
      const resources = variables.map((variable, index): InPlace => {
        const handle = handles[index] as tf.Tensor;
        executeMany('AssignVariableOp', { dtype: 'float32' }, [handle, variable], 0);
        held.push(index);
        return { handle, release: () => variable.assign(standIn) };
      });
      update(...resources);
    } finally {
      for (const index of held) {
        const handle = handles[index] as tf.Tensor;
        (variables[index] as tf.Variable).assign(execute('ReadVariableOp', { dtype: 'float32' }, [handle]));
        executeMany('DestroyResourceOp', { ignore_lookup_error: true }, [handle], 0);
      }
    }
  });
}
