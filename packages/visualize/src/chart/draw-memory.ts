import type { ReportMetrics } from '../report-data.ts';
import { type Curve, curvePoints, drawCurves } from './draw-curves.ts';
import type { ChartOptions } from './plot.ts';

/**
 * Memory over steps, in MiB: of the process, and of the tensors, where they were logged.
 *
 * @param metrics lines of `metrics.jsonl` with `residentMiB`, `tensorMiB` or both
 * @returns an SVG document
 *
 * @example
 * const svg = drawMemory(metrics);
 */
export function drawMemory(metrics: readonly ReportMetrics[], options: ChartOptions = {}): string {
  const { width = 380, height = 190 } = options;
  const curves: Curve[] = [
    { label: 'process', role: 'series-1', points: curvePoints(metrics, 'residentMiB') },
    { label: 'tensors', role: 'series-2', points: curvePoints(metrics, 'tensorMiB') },
  ];
  const name = 'Memory of the process and of the tensors, in MiB, by step';
  return drawCurves(
    curves.filter(({ points }) => points.length > 0),
    { name, label: 'memory, MiB', include: [0], names: true, width, height },
  );
}
