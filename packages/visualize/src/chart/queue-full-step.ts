import type { ReportMetrics } from '../report-data.ts';

/** The first step whose queue is full; infinity while it fills, 0 without a queue or a record. */
export function queueFullStep(metrics: readonly ReportMetrics[], queueLength: number): number {
  if (!(queueLength > 0) || metrics.length === 0) return 0;
  return metrics.find(({ queueFilled }) => queueFilled >= queueLength)?.step ?? Number.POSITIVE_INFINITY;
}
