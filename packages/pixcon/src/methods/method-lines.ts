import type { MethodName } from '../names.ts';

/** One line for each method, and where the PixCon paper has it. */
export const methodLines: Readonly<Record<MethodName, { readonly what: string; readonly paper: string }>> = {
  'pixcon-sr': { what: 'matches by similarity, weighted by overlap and similarity', paper: 'tables 1, 3, 7' },
  'pixcon-sim': { what: 'matches by feature similarity', paper: 'tables 1, 4' },
  'pixcon-coord': { what: 'matches by place in the image', paper: 'table 1' },
  'moco-v2': { what: 'one key per image, negatives from a queue', paper: 'table 1' },
  'moco-v2-plus': { what: 'MoCo v2 with symmetric loss, predictor and rising momentum', paper: 'table 1' },
  densecl: { what: 'MoCo v2 with a dense loss on similar cells', paper: 'tables 1, 4' },
  byol: { what: 'predicts the target’s projection, no negatives', paper: 'table 1' },
  simsiam: { what: 'BYOL without a target encoder', paper: 'not in it' },
  pixpro: { what: 'pixel propagation agrees with near cells, no negatives', paper: 'tables 1, 5' },
  slotcon: { what: 'prototypes group cells into slots', paper: 'tables 1, 5–7' },
  univip: { what: 'BYOL on scenes and on likely objects', paper: 'tables 1, 7' },
};
