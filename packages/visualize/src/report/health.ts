import type { ReportData, ReportMetrics } from '../report-data.ts';
import type { Finding } from './finding.ts';
import { judgeLoss } from './judge-loss.ts';

/**
 * Is the run healthy, in plain words: the terms of the loss against their chance levels, and the spread of the
 * features. The limits are those of the trainer's warnings.
 */
export function findings({ metrics, status }: Pick<ReportData, 'metrics' | 'status'>): Finding[] {
  const last = metrics.at(-1);
  if (!last) return [{ kind: 'note', text: 'No step has been logged yet: the curves begin with the first.' }];
  return [...judgeLoss(metrics, last, status), ...judgeSpread(metrics)];
}

function judgeSpread(metrics: readonly ReportMetrics[]): Finding[] {
  const recent = metrics
    .map(({ featureDeviation }) => featureDeviation)
    .filter((value): value is number => value !== undefined && Number.isFinite(value))
    .slice(-3);
  if (recent.length === 0) return [];
  const value = mean(recent).toFixed(2);
  if (recent.every((deviation) => deviation < 0.1)) {
    return [
      {
        kind: 'bad',
        text: `The features have collapsed (spread ${value}; 1 is spread): different images look alike. Lower the learning rate, or check that the images differ.`,
      },
    ];
  }
  return [
    { kind: 'good', text: `The features are spread (${value}; 0 would be collapsed, 1 fully spread).` },
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
