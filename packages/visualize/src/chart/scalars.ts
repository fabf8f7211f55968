import type { ReportMetrics } from '../report-data.ts';

/** Scalars that have a place of their own in a report. */
const known: ReadonlySet<string> = new Set([
  'step',
  'epoch',
  'loss',
  'chance',
  'learningRate',
  'targetMomentum',
  'queueFilled',
  'imagesPerSecond',
  'featureDeviation',
  'matchWeight',
  'residentMiB',
  'tensorMiB',
  'lossScale',
  'overflow',
]);

/** Whatever a method logs beside, by name, in the order of its first appearance. */
function otherScalars(metrics: readonly ReportMetrics[]): string[] {
  const names = new Set<string>();
  for (const line of metrics) {
    for (const [name, value] of Object.entries(line)) {
      if (!known.has(name) && typeof value === 'number') names.add(name);
    }
  }
  return [...names];
}

/**
 * The terms of the loss among the scalars: `image` and `dense`, or all that are not known by name if they add up to
 * the loss.
 */
export function lossTerms(metrics: readonly ReportMetrics[]): string[] {
  const others = otherScalars(metrics);
  const line = metrics.at(-1);
  if (!line || others.length < 2) return [];
  const sum = others.reduce((total, name) => total + (line[name] ?? 0), 0);
  if (Math.abs(sum - line.loss) <= 1e-3 * Math.abs(line.loss)) return others;
  return others.filter((name) => name === 'image' || name === 'dense');
}

/** Scalars that are neither known by name nor terms of the loss. */
export function unknownScalars(metrics: readonly ReportMetrics[]): string[] {
  const terms = new Set(lossTerms(metrics));
  return otherScalars(metrics).filter((name) => !terms.has(name));
}
