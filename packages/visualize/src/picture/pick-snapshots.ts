import type { Snapshot } from '../inspection.ts';

/** Early, middle and late: the first, the one whose step is nearest the middle, the last; fewer where there are. */
export function pickSnapshots(snapshots: readonly Snapshot[]): Snapshot[] {
  const [first, last] = [snapshots[0], snapshots.at(-1)];
  if (!first || !last) return [];
  const middle = (first.step + last.step) / 2;
  const between = snapshots
    .slice(1, -1)
    .reduce<Snapshot | undefined>(
      (best, one) => (best && Math.abs(best.step - middle) <= Math.abs(one.step - middle) ? best : one),
      undefined,
    );
  return [first, between, last].filter(
    (snapshot, place, all): snapshot is Snapshot => snapshot !== undefined && all.indexOf(snapshot) === place,
  );
}
