import { formatNumber } from '../chart/plot.ts';
import { queueFullStep } from '../chart/queue-full-step.ts';
import type { ReportData, ReportMetrics } from '../report-data.ts';

/** A sentence about how a run is doing. */
export interface Finding {
  readonly kind: 'good' | 'note' | 'bad';
  readonly text: string;
}

/** Lines that the end of a run is judged by. */
const recentLines = 20;

/**
 * Is the run healthy, in plain words: the loss against chance level, and the spread of the features. The limits are
 * those of the trainer's warnings.
 */
export function findings({ metrics, status }: Pick<ReportData, 'metrics' | 'status'>): Finding[] {
  const last = metrics.at(-1);
  if (!last) return [{ kind: 'note', text: 'No step has been logged yet: the curves begin with the first.' }];
  return [...judgeLoss(metrics, last, status), ...judgeSpread(metrics)];
}

function judgeLoss(
  metrics: readonly ReportMetrics[],
  last: ReportMetrics,
  { queueLength, state }: ReportData['status'],
): Finding[] {
  if (!Number.isFinite(last.loss)) {
    return [{ kind: 'bad', text: 'The loss is not a number: lower the learning rate.' }];
  }
  const full = queueFullStep(metrics, queueLength);
  if (full === Number.POSITIVE_INFINITY) {
    const filled = `${formatNumber(last.queueFilled)} of ${formatNumber(queueLength)} keys`;
    return [
      {
        kind: 'note',
        text: `The queue is still filling (${filled}): until it is full, each step adds negatives, and the loss may rise.`,
      },
    ];
  }
  const recent = metrics
    .filter(({ step, loss }) => step >= full && Number.isFinite(loss))
    .slice(-recentLines);
  const { chance } = last;
  if (chance === undefined || !Number.isFinite(chance) || recent.length === 0) return [];
  const loss = mean(recent.map((line) => line.loss));
  const numbers = `${formatNumber(loss)} against ${formatNumber(chance)}`;
  if (Math.abs(loss - chance) < 0.005 * chance) {
    if (recent.length < recentLines) return [];
    return [
      {
        kind: 'bad',
        text: `The loss stays at chance level (${numbers}): nothing is being learned. Raise the learning rate, or check the images.`,
      },
    ];
  }
  if (loss > chance) {
    const advice =
      state === 'running'
        ? 'If it does not fall soon, lower the learning rate'
        : 'Train for longer, or lower the learning rate';
    return [
      {
        kind: 'bad',
        text: `The loss is above chance level (${numbers}), worse than features that tell nothing. ${advice}.`,
      },
    ];
  }
  return [
    { kind: 'good', text: `The loss is below chance level (${numbers}): the features tell images apart.` },
  ];
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
