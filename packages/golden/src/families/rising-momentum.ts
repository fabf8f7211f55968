/** What PixPro and SlotCon were recorded with: "cosine ascending from 0.9 over 100 steps". */
export function risingMomentum(step: number): number {
  return 1 - (0.1 * (Math.cos((Math.PI * step) / 100) + 1)) / 2;
}
