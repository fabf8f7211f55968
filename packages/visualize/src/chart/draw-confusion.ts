import * as Plot from '@observablehq/plot';
import { PixconError } from '@pixcon/core';
import { color } from '../theme.ts';
import { shorten } from './draw-score.ts';
import { type ChartOptions, plot } from './plot.ts';

/**
 * A confusion matrix: of each label (row), the share that got each prediction (column). Rows are normalised, so
 * that rare classes are seen as well.
 *
 * @param confusion `confusion[label][prediction]`, counts
 * @param names of the classes
 * @returns an SVG document, as high as wide but for its labels
 * @throws PixconError `invalid-shape` unless there is a row and a column for each name
 *
 * @example
 * const svg = drawConfusion([[90, 10], [40, 60]], ['road', 'sky']);
 */
export function drawConfusion(
  confusion: readonly (readonly number[])[],
  names: readonly string[],
  options: ChartOptions = {},
): string {
  const classes = names.length;
  if (confusion.length !== classes || confusion.some((row) => row.length !== classes)) {
    throw new PixconError(
      'invalid-shape',
      `drawConfusion: expected ${classes} rows of ${classes} counts, one for each name`,
    );
  }
  const { width = 380 } = options;
  const longest = Math.max(1, ...names.map((name) => shorten(name).length));
  const margin = Math.min(0.35 * width, longest * 6 + 34);
  const side = width - margin - 8;
  const { height = Math.round(side + margin + 8) } = options;
  const cells = confusion.flatMap((row, label) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, prediction) => ({ label, prediction, share: total > 0 ? count / total : 0 }));
  });
  const fits = side / classes >= 22;
  const axis = {
    domain: names.map((_, place) => place),
    tickSize: 0,
    tickFormat: (place: number) => shorten(names[place] ?? ''),
  };
  return plot(`Confusion matrix of ${classes} classes, by label and prediction`, {
    width,
    height,
    marginTop: margin,
    marginLeft: margin,
    marginRight: 8,
    marginBottom: 8,
    x: { ...axis, axis: 'top', label: 'predicted', labelArrow: 'none', tickRotate: -90 },
    y: { ...axis, label: 'labelled', labelArrow: 'none' },
    color: { type: 'identity' },
    marks: [
      Plot.cell(cells, { x: 'prediction', y: 'label', inset: 0.5, fill: color('shade') }),
      Plot.cell(cells, {
        x: 'prediction',
        y: 'label',
        inset: 0.5,
        fill: color('series-1'),
        fillOpacity: ({ share }: { share: number }) => share,
      }),
      ...(fits
        ? [
            Plot.text(
              cells.filter(({ share }) => share >= 0.005),
              {
                x: 'prediction',
                y: 'label',
                text: ({ share }: { share: number }) => (100 * share).toFixed(0),
                fill: ({ share }: { share: number }) => (share > 0.55 ? color('paper') : color('ink')),
                fontSize: 10,
              },
            ),
          ]
        : []),
    ],
  });
}
