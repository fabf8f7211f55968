import { denseCLFamily } from './densecl.ts';
import type { GoldenFamily } from './golden-method.ts';
import { pixconFamily } from './pixcon.ts';
import { pixproFamily } from './pixpro.ts';
import { regressionFamily } from './regression.ts';
import { slotconFamily } from './slotcon.ts';

/** Each golden file belongs to one of these, or is not covered. */
export const families: readonly GoldenFamily[] = [
  pixconFamily,
  denseCLFamily,
  regressionFamily,
  pixproFamily,
  slotconFamily,
];
