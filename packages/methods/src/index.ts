export { type MoCoV2PlusOptions, mocoV2Plus } from './moco-v2-plus.ts';
export { type PixConOptions, pixcon } from './pixcon.ts';
export { type PixProOptions, pixpro } from './pixpro.ts';
export type { QueueLength } from './queue-length.ts';
export { type SlotConOptions, slotcon } from './slotcon.ts';
