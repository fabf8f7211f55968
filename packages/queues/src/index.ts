export { type KeyQueueOptions, keyQueue } from './key-queue.ts';
export { recommendedQueueLength } from './recommended-queue-length.ts';
