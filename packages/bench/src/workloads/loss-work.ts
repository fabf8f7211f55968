import { infoNce } from '@pixcon/losses';
import { l2Normalize, valueAndGradients } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { Recorder } from '../profile/recorder.ts';
import type { Work } from './work.ts';
import type { LossSizes } from './workload.ts';

/** The dense InfoNCE and its gradient to the queries, all unit vectors already, as in the peer's `--loss-only`. */
export function lossWork(sizes: LossSizes, recorder?: Recorder): Work {
  const { dim, queueLength } = sizes;
  const queries = sizes.batchSize * Math.ceil(sizes.imageSize / 32) ** 2;
  const unit = (rows: number, seed: number) =>
    tf.tidy(() => l2Normalize<tf.Tensor2D>(tf.randomNormal<tf.Rank.R2>([rows, dim], 0, 1, 'float32', seed)));
  const initial = unit(queries, 1);
  const query = tf.variable(initial);
  initial.dispose();
  const positive = unit(queries, 2);
  const queue = unit(queueLength, 3);
  return {
    async step() {
      recorder?.phase('loss');
      const { value, gradients } = valueAndGradients(
        () => {
          const loss = infoNce(query as tf.Variable<tf.Rank.R2>, positive, queue, {
            temperature: 0.2,
            normalize: false,
          });
          recorder?.phase('backward');
          return loss;
        },
        new Map([['query', query]]),
      );
      const gradient = gradients.get('query') as tf.Tensor;
      // One number of the gradient: it is there only when the backward pass has run.
      const corner = tf.tidy(() => tf.slice(gradient, [0, 0], [1, 1]));
      await corner.data();
      recorder?.phase(undefined);
      tf.dispose([value, corner, ...gradients.values()]);
    },
    dispose() {
      tf.dispose([query, positive, queue]);
    },
  };
}
