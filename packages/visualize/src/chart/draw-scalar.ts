import type { ReportMetrics } from '../report-data.ts';
import { type CurvesOptions, curvePoints, drawCurves } from './draw-curves.ts';
import type { ChartOptions } from './plot.ts';

type Looks = Pick<CurvesOptions, 'label' | 'include' | 'smooth' | 'marks'>;

/** How scalars with a known meaning are drawn. */
const looks: Readonly<Record<string, Looks>> = {
  learningRate: { label: 'learning rate', include: [0] },
  targetMomentum: { label: 'target momentum', include: [1] },
  queueFilled: { label: 'keys in the queue', include: [0] },
  imagesPerSecond: { label: 'images per second', include: [0], smooth: true },
  featureDeviation: {
    label: 'feature spread',
    include: [1.1],
    smooth: true,
    marks: [
      { y: 0, label: 'collapsed' },
      { y: 1, label: 'spread' },
    ],
  },
  lossScale: { label: 'loss scale', include: [0] },
  matchWeight: { label: 'mean weight of the matches', include: [0, 1], smooth: true },
};

/**
 * One logged scalar over steps. `learningRate`, `targetMomentum`, `queueFilled`, `imagesPerSecond`,
 * `featureDeviation` (with the levels of collapsed and spread features), `lossScale` and `matchWeight` are drawn as they are
 * best read; any other is drawn plainly.
 *
 * @param metrics lines of `metrics.jsonl`
 * @param scalar its name
 * @returns an SVG document
 *
 * @example
 * const svg = drawScalar(metrics, 'featureDeviation');
 */
export function drawScalar(
  metrics: readonly ReportMetrics[],
  scalar: string,
  options: ChartOptions = {},
): string {
  const { width = 380, height = 190 } = options;
  const look = (Object.hasOwn(looks, scalar) ? looks[scalar] : undefined) ?? { label: scalar, smooth: true };
  const curve = { label: look.label, role: 'series-1', points: curvePoints(metrics, scalar) } as const;
  return drawCurves([curve], { ...look, name: `${look.label} by step`, width, height });
}
