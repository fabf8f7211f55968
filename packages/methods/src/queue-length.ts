import { assertNumber, type InitializeOptions } from '@pixcon/core';
import { recommendedQueueLength } from '@pixcon/queues';

/** A fixed number of keys, or sized by the data set. */
export type QueueLength = number | 'auto';

/**
 * The number of keys to hold: as given, or the recommended one for the data set (65,536 for a large one).
 *
 * @throws PixconError `invalid-argument` for a queue that is shorter than a batch, which a step enqueues
 */
export function resolveQueueLength(
  where: string,
  queueLength: QueueLength,
  options: Pick<InitializeOptions, 'datasetSize' | 'batchSize'>,
): number {
  if (queueLength !== 'auto') {
    assertNumber(where, 'queueLength', queueLength, { minimum: options.batchSize, integer: true });
    return queueLength;
  }
  if (options.datasetSize === undefined) return 65_536;
  return recommendedQueueLength(options.datasetSize, options.batchSize);
}
