import type { ReportMetrics } from '../report-data.ts';
import type { ColorRole } from '../theme.ts';
import { type Curve, curvePoints, drawCurves } from './draw-curves.ts';
import type { ChartOptions } from './plot.ts';
import { queueFullStep } from './queue-full-step.ts';
import { lossTerms } from './scalars.ts';

export interface DrawLossOptions extends ChartOptions {
  /** Keys that each queue holds when full: the steps before are shaded. Default 0: no queue. */
  readonly queueLength?: number;
}

const termRoles: readonly ColorRole[] = ['series-2', 'series-3', 'series-4'];

/**
 * Loss over steps, with its terms, against the chance level of each: the loss of features that tell nothing. While the
 * queue fills there are fewer negatives, so the loss starts low and rises: those steps are shaded.
 *
 * @param metrics lines of `metrics.jsonl`
 * @returns an SVG document
 *
 * @example
 * const svg = drawLoss(metrics, { queueLength: 65_536, width: 760 });
 */
export function drawLoss(metrics: readonly ReportMetrics[], options: DrawLossOptions = {}): string {
  const { queueLength = 0, width = 380, height = 240 } = options;
  const terms = lossTerms(metrics);
  const curves: Curve[] = [
    { label: 'loss', role: 'series-1', points: curvePoints(metrics, 'loss') },
    // One alone is the loss.
    ...(terms.length > 1 ? terms : []).flatMap((term, place) => {
      const role = termRoles[place % termRoles.length] as ColorRole;
      return [
        { label: term, role, points: curvePoints(metrics, term) },
        ...reference(metrics, `${term}Chance`, `${term} chance`, role),
      ];
    }),
    ...reference(metrics, 'chance', 'chance', 'muted'),
  ];
  const full = queueFullStep(metrics, queueLength);
  const first = metrics[0]?.step ?? 0;
  return drawCurves(curves, {
    name: 'Loss and its terms against the chance level, by step',
    label: 'loss',
    include: [0],
    smooth: true,
    phase: full > first ? { from: first, to: full, label: 'queue is filling' } : undefined,
    names: true,
    width,
    height,
  });
}

/** A level that a curve is read against, where it was logged. */
function reference(
  metrics: readonly ReportMetrics[],
  scalar: string,
  label: string,
  role: ColorRole,
): Curve[] {
  const points = curvePoints(metrics, scalar).filter(({ y }) => y > 0);
  return points.length > 0 ? [{ label, role, points, reference: true }] : [];
}
