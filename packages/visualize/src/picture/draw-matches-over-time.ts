import { PixconError } from '@pixcon/core';
import type { Snapshot } from '../inspection.ts';
import { element, round, svgDocument } from '../markup.ts';
import { type DrawMatchesOptions, drawMatches, matchesHeight } from './draw-matches.ts';
import type { EncodedPair } from './encode-pair.ts';
import { drawMatchLegend, matchLegendHeight } from './match-legend.ts';
import { heading } from './parts.ts';
import { pickSnapshots } from './pick-snapshots.ts';

export interface DrawMatchesOverTimeOptions extends Pick<DrawMatchesOptions, 'lines' | 'select'> {
  /** Of the picture, in pixels. Default 1040. */
  readonly width?: number;
}

/**
 * Matches of one pair early, in the middle and late in a run, side by side.
 *
 * @param pair from `encodePair`
 * @param snapshots of the run, in order; three are picked: the first, the one nearest the middle, the last
 * @param which the index of the pair in each snapshot
 * @returns an SVG document
 * @throws PixconError `invalid-argument` where a snapshot does not have the pair, or there is none
 *
 * Source: PixCon, Figure 6.
 *
 * @example
 * const svg = drawMatchesOverTime(await encodePair(pairs[0]), snapshots, 0, { select: 'unsure', lines: 12 });
 */
export function drawMatchesOverTime(
  pair: EncodedPair,
  snapshots: readonly Snapshot[],
  which: number,
  options: DrawMatchesOverTimeOptions = {},
): string {
  const { width = 1040, ...rest } = options;
  const picked = pickSnapshots(snapshots);
  if (picked.length === 0) {
    throw new PixconError('invalid-argument', 'drawMatchesOverTime: expected at least one snapshot');
  }
  const gap = 20;
  const panel = (width - gap * (picked.length - 1)) / picked.length;
  const panels = picked.map(({ step, inspections }, column) => {
    const inspection = inspections[which];
    if (!inspection) {
      throw new PixconError(
        'invalid-argument',
        `drawMatchesOverTime: expected a pair below ${inspections.length} at step ${step}, got ${which}`,
      );
    }
    const drawn = drawMatches(pair, inspection, { ...rest, layout: 'column', width: panel, legend: false });
    return element(
      'g',
      { transform: `translate(${round(column * (panel + gap))} 0)` },
      heading(`step ${step.toLocaleString('en')}`, 0, 14),
      element('g', { transform: 'translate(0 24)' }, drawn),
    );
  });
  const bottom = 24 + matchesHeight('column', panel) + 12;
  return svgDocument(
    width,
    bottom + matchLegendHeight(width),
    `${pair.name}: matches at steps ${picked.map(({ step }) => step).join(', ')}`,
    ...panels,
    element('g', { transform: `translate(0 ${round(bottom)})` }, drawMatchLegend(width)),
  );
}
