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
      if (!known.has(name) && !isChance(line, name) && typeof value === 'number') names.add(name);
    }
  }
  return [...names];
}

/** Whether a scalar is the chance level of another: `imageChance` of `image`. */
function isChance(line: ReportMetrics, name: string): boolean {
  return name.endsWith('Chance') && line[name.slice(0, -'Chance'.length)] !== undefined;
}

/** The terms of a line that have a chance level of their own; those without weight have 0, which says nothing. */
export function chanceTerms(line: ReportMetrics): string[] {
  return Object.keys(line).filter((name) => {
    const chance = line[`${name}Chance`];
    return chance !== undefined && Number.isFinite(chance) && chance > 0;
  });
}

/**
 * The terms of the loss among the scalars: all that are not known by name if they add up to the loss, or `image`, `dense`
 * and those with a chance level, or one that is the loss.
 */
export function lossTerms(metrics: readonly ReportMetrics[]): string[] {
  const others = otherScalars(metrics);
  const line = metrics.at(-1);
  if (!line) return [];
  const isLoss = (value: number) => Math.abs(value - line.loss) <= 1e-3 * Math.abs(line.loss);
  if (others.length > 1 && isLoss(others.reduce((total, name) => total + (line[name] ?? 0), 0)))
    return others;
  const own = new Set(['image', 'dense', ...chanceTerms(line)]);
  const named = others.filter((name) => own.has(name));
  if (named.length > 0) return named;
  const whole = others.find((name) => isLoss(line[name] ?? Number.NaN));
  return whole === undefined ? [] : [whole];
}

/** Scalars that are neither known by name nor terms of the loss. */
export function unknownScalars(metrics: readonly ReportMetrics[]): string[] {
  const terms = new Set(lossTerms(metrics));
  return otherScalars(metrics).filter((name) => !terms.has(name));
}
