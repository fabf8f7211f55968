import type { EvaluationResult, ProtocolName } from '@pixcon/evaluation';
import type { EvaluationData } from './open-evaluation.ts';

/** The same measurement of both networks. */
export interface ScoredRun {
  readonly encoder: 'online' | 'target';
  /** Steps that the trained network had. */
  readonly step: number;
  /** The file that the run began with: the network before training is no random one then. */
  readonly init?: string | undefined;
  readonly data: Pick<EvaluationData, 'description'>;
  readonly untrained: EvaluationResult;
  readonly trained: EvaluationResult;
}

const titles: Readonly<Record<ProtocolName, string>> = {
  'linear-segmentation': 'linear segmentation',
  'cell-knn': 'nearest neighbours of cells',
  'linear-classification': 'linear classification',
  'image-knn': 'nearest neighbours of images',
  'match-consistency': 'match consistency',
};

/** What is shown beside the score, by its name in the results. */
const shownDetails: Readonly<Record<string, string>> = {
  pixelAccuracy: 'accuracy',
  top5Accuracy: 'top-5 accuracy',
  meanClassAccuracy: 'mean class accuracy',
  weighted: 'weighted by the matching',
  inOverlap: 'in the overlap',
  chanceInOverlap: '  at random',
  outOfOverlap: 'out of the overlap',
  chanceOutOfOverlap: '  at random',
};

/** What the run's report shows of a score: `ReportScore` of `@pixcon/visualize`. */
export function evaluationReport({ encoder, step, init, data, untrained, trained }: ScoredRun) {
  const { metric, protocol, classNames, confusion, settings } = trained;
  return {
    title: `${titles[protocol]}, ${settings.stage}, ${encoder} encoder`,
    metric,
    untrained: untrained.value,
    trained: trained.value,
    detail: `after ${step} steps${init === undefined ? '' : ` from the weights of ${init}`}: ${describeSettings(trained)}; ${data.description}; chance ${(100 * trained.chance).toFixed(1)} %`,
    ...(classNames.length === 0
      ? {}
      : {
          perClass: classNames.map((name, label) => ({
            name,
            untrained: untrained.perClass[label] ?? null,
            trained: trained.perClass[label] ?? null,
          })),
          confusion,
        }),
  };
}

/** Both networks and their difference, for a terminal. */
export function evaluationTable(scored: ScoredRun): string {
  const { encoder, step, init, data, untrained, trained } = scored;
  const { metric, protocol, classNames, details } = trained;
  const rows: [string, number | null, number | null][] = [
    [metric, untrained.value, trained.value],
    ['  chance', untrained.chance, trained.chance],
  ];
  if (details.possible !== undefined) {
    rows.push(['  possible', untrained.details.possible ?? null, details.possible]);
  }
  for (const [name, title] of Object.entries(shownDetails)) {
    if (details[name] === undefined || details[name] === null) continue;
    rows.push([title, untrained.details[name] ?? null, details[name]]);
  }
  const perClass = classNames.map((name, label): [string, number | null, number | null] => [
    `  ${name}`,
    untrained.perClass[label] ?? null,
    trained.perClass[label] ?? null,
  ]);
  const width = Math.max(...[...rows, ...perClass].map(([name]) => name.length)) + 2;
  const line = (name: string, ...values: string[]) =>
    `${name.padEnd(width)}${values.map((value) => value.padStart(11)).join('')}\n`;
  const scores = ([name, before, after]: [string, number | null, number | null]) =>
    line(name, percent(before), percent(after), difference(before, after));
  // A change of what chance would give says nothing.
  const bound = ([name, before, after]: [string, number | null, number | null]) =>
    line(name, percent(before), percent(after));
  return [
    `${titles[protocol]}, ${encoder} encoder after ${step} steps\n`,
    `${describeSettings(trained)}\n${data.description}\n`,
    init === undefined ? '\n' : `before: the weights that the run began with, ${init}\n\n`,
    line('', init === undefined ? 'untrained' : 'before', 'trained', 'difference'),
    ...rows.map((row) => (row[0].startsWith(' ') ? bound(row) : scores(row))),
    ...(perClass.length === 0
      ? []
      : [`by class (${metric === 'mIoU' ? 'IoU' : metric})\n`, ...perClass.map(scores)]),
  ].join('');
}

function describeSettings({ settings, details }: EvaluationResult): string {
  const { stage, imageSize, statistics, neighbours, matching } = settings as {
    stage: string;
    imageSize: number;
    statistics: string;
    neighbours?: number;
    matching?: { name: string };
  };
  const { penalty } = details;
  return [
    `features of ${stage} at ${imageSize} px`,
    statistics === 'running'
      ? 'batch normalization by each network’s own running statistics'
      : `batch normalization by ${statistics} statistics of these images`,
    ...(neighbours === undefined ? [] : [`${neighbours} neighbours`]),
    ...(matching === undefined ? [] : [`matching: ${matching.name}`]),
    ...(penalty === undefined || penalty === null ? [] : [`probe’s penalty ${penalty}`]),
  ].join(', ');
}

function percent(value: number | null): string {
  return value === null ? '–' : `${(100 * value).toFixed(2)}%`;
}

function difference(before: number | null, after: number | null): string {
  if (before === null || after === null) return '–';
  const points = 100 * (after - before);
  return `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(2)}`;
}
