import { isNode } from '../node-modules.ts';

/** False where children cannot be, and where `PIXCON_TRIAL=0` says so. */
export function isTrialWanted(): boolean {
  return isNode() && process.env.PIXCON_TRIAL !== '0';
}
