import * as tf from '@tensorflow/tfjs-core';
import { execute, executeMany } from './execute.ts';

/** A TensorFlow variable for the length of one update. */
export interface ResourceVariable {
  /** What resource operations take. */
  readonly handle: tf.Tensor;
}

let count = 0;

/**
 * Updates variables in place by TensorFlow's resource operations, which write into a buffer that nobody else holds.
 * For that, each variable shows `standIn` (any tensor of its shape) while `update` runs: `update` must have taken
 * what it reads of the variables before, and everything else that shares their buffers sees a copy.
 */
export function updateInPlace(
  variables: readonly tf.Variable[],
  standIn: tf.Tensor,
  update: (...resources: ResourceVariable[]) => void,
): void {
  tf.tidy(() => {
    const resources = variables.map((variable) => {
      const handle = execute(
        'VarHandleOp',
        {
          dtype: 'float32',
          shape: { dimensions: variable.shape },
          container: '',
          shared_name: `pixcon-${count++}`,
        },
        [],
      );
      executeMany('AssignVariableOp', { dtype: 'float32' }, [handle, variable], 0);
      return { handle };
    });
    try {
      for (const variable of variables) variable.assign(standIn);
      update(...resources);
    } finally {
      resources.forEach(({ handle }, index) => {
        const variable = variables[index] as tf.Variable;
        variable.assign(execute('ReadVariableOp', { dtype: 'float32' }, [handle]));
        executeMany('DestroyResourceOp', { ignore_lookup_error: true }, [handle], 0);
      });
    }
  });
}
