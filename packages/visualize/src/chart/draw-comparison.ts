import * as Plot from '@observablehq/plot';
import { color } from '../theme.ts';
import { type ChartOptions, plot } from './plot.ts';

/** What is compared: one row per method, say. */
export interface Comparison {
  /** Of the picture, for readers who do not see it. */
  readonly title: string;
  /** Such as `mIoU`. */
  readonly metric: string;
  /** The first is what the others are compared with. */
  readonly rows: readonly {
    readonly name: string;
    /** One for each repetition, in [0, 1]. */
    readonly values: readonly number[];
  }[];
}

/**
 * Scores of several methods: a dot for each repetition, a bar at their mean, and a line down from the first row's
 * mean, so that gains can be told from the spread of repetitions.
 *
 * @returns an SVG document; its height follows the number of rows
 *
 * @example
 * const rows = [{ name: 'untrained', values: [0.15, 0.16] }, { name: 'PixCon-SR', values: [0.2, 0.21] }];
 * const svg = drawComparison({ title: 'linear segmentation', metric: 'mIoU', rows });
 */
export function drawComparison({ title, metric, rows }: Comparison, options: ChartOptions = {}): string {
  const { width = 560, height = rows.length * 34 + 64 } = options;
  const placed = rows.map((row, place) => ({ ...row, place, mean: mean(row.values) }));
  const points = placed.flatMap(({ place, values }) => values.map((value) => ({ place, value })));
  const all = points.map(({ value }) => value);
  const margin = Math.max(0.1 * (Math.max(...all) - Math.min(...all)), 0.002);
  const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;
  const named = placed.map(({ name, mean: value }) => `${name} ${percent(value)}`).join(', ');
  const longest = Math.max(...rows.map(({ name }) => name.length));
  const ticks = Math.round(width / 90);
  return plot(`${title}, ${metric}: ${named}`, {
    width,
    height,
    marginTop: 14,
    marginBottom: 40,
    marginLeft: Math.min(0.4 * width, longest * 7 + 16),
    marginRight: 24,
    x: {
      domain: [Math.max(0, Math.min(...all) - margin), Math.max(...all) + margin],
      label: metric,
      labelArrow: 'none',
      ticks,
      tickFormat: percent,
    },
    y: {
      domain: placed.map(({ place }) => place),
      label: null,
      tickSize: 0,
      tickFormat: (place: number) => rows[place]?.name ?? '',
    },
    marks: [
      Plot.gridX({ stroke: color('line'), strokeOpacity: 1, ticks }),
      Plot.ruleX(placed.slice(0, 1), { x: 'mean', stroke: color('muted'), strokeDasharray: '4 3' }),
      Plot.tickX(placed, { x: 'mean', y: 'place', stroke: color('ink'), strokeWidth: 2.5, inset: 4 }),
      Plot.dot(points, {
        x: 'value',
        y: 'place',
        r: 5,
        fill: ({ place }: { place: number }) => (place === 0 ? color('muted') : color('series-1')),
        fillOpacity: 0.75,
        stroke: color('paper'),
      }),
    ],
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
