export { type MoCoV2PlusOptions, mocoV2Plus } from './moco-v2-plus.ts';
export { type PixConOptions, pixcon } from './pixcon.ts';
export type { QueueLength } from './queue-length.ts';
