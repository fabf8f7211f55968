import * as Plot from '@observablehq/plot';
import type { ReportScore } from '../report-data.ts';
import { color } from '../theme.ts';
import { type ChartOptions, formatPercent, plot } from './plot.ts';

/**
 * A score before and after training: a ring for the untrained network, a dot for the trained one, joined by a line
 * that is green for a gain and red for a loss. The mean comes first, then each class.
 *
 * @param score as an evaluation gives it
 * @returns an SVG document; its height follows the number of classes
 *
 * @example
 * const svg = drawScore({ title: 'k-NN', metric: 'accuracy', untrained: 0.31, trained: 0.46, detail: '' });
 */
export function drawScore(score: ReportScore, options: ChartOptions = {}): string {
  const { metric, untrained, trained, perClass = [] } = score;
  const rows = [
    { name: metric, untrained, trained },
    ...perClass.map(({ name, ...values }, place) => ({ name: `${place + 1}. ${name}`, ...values })),
  ];
  const { width = 380, height = rows.length * 22 + 62 } = options;
  // Classes may have equal names: rows are told apart by their place.
  const placed = rows.map((row, place) => ({ ...row, place }));
  const both = placed.flatMap(({ place, untrained: from, trained: to }) =>
    from !== null && to !== null && Number.isFinite(from) && Number.isFinite(to) ? [{ place, from, to }] : [],
  );
  const points = placed.flatMap(({ place, untrained: from, trained: to }) => [
    ...(from !== null && Number.isFinite(from) ? [{ place, value: from, trained: false }] : []),
    ...(to !== null && Number.isFinite(to) ? [{ place, value: to, trained: true }] : []),
  ]);
  const absent = placed.filter(({ untrained: from, trained: to }) => from === null && to === null);
  const name = `${score.title}: ${metric} ${formatPercent(untrained)} untrained, ${formatPercent(trained)} trained`;
  const names = ['mean', ...perClass.map(({ name: label }) => label)].map((label, place) =>
    place === 0 ? metric : label,
  );
  const longest = Math.max(...names.map((label) => shorten(label).length));
  return plot(name, {
    width,
    height,
    marginTop: 28,
    marginBottom: 34,
    marginLeft: Math.min(0.45 * width, longest * 6.4 + 14),
    marginRight: 22,
    x: {
      domain: [0, Math.max(0.1, ...points.map(({ value }) => value)) * 1.04],
      // The mean is but one of the rows.
      label: metric === 'mIoU' ? 'IoU' : metric,
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: Math.round(width / 80),
      tickFormat: (share: number) => `${Number((100 * share).toFixed(1))} %`,
    },
    y: {
      domain: placed.map(({ place }) => place),
      label: null,
      tickSize: 0,
      tickFormat: (place: number) => shorten(names[place] ?? ''),
    },
    marks: [
      Plot.gridX({ stroke: color('line'), strokeOpacity: 1, ticks: Math.round(width / 80) }),
      Plot.link(both, {
        x1: 'from',
        x2: 'to',
        y: 'place',
        stroke: ({ from, to }: { from: number; to: number }) => (to >= from ? color('good') : color('bad')),
        strokeWidth: 2,
      }),
      Plot.dot(
        points.filter((point) => !point.trained),
        { x: 'value', y: 'place', r: 4, fill: color('paper'), stroke: color('muted'), strokeWidth: 1.5 },
      ),
      Plot.dot(
        points.filter((point) => point.trained),
        { x: 'value', y: 'place', r: 4.5, fill: color('series-1') },
      ),
      Plot.text(absent, {
        x: () => 0,
        y: 'place',
        text: () => 'neither labelled nor predicted',
        textAnchor: 'start',
        dx: 6,
        fill: color('muted'),
      }),
    ],
  });
}

/** A name that fits beside a chart. */
export function shorten(name: string): string {
  return name.length > 18 ? `${name.slice(0, 17)}…` : name;
}
