import type { CellAttention, PairInspection, Snapshot } from '../inspection.ts';
import { escapeText } from '../markup.ts';
import { attentionRange, drawAttention } from '../picture/draw-attention.ts';
import { drawMatches } from '../picture/draw-matches.ts';
import { drawOverlap } from '../picture/draw-overlap.ts';
import { drawView } from '../picture/draw-view.ts';
import { drawWeights } from '../picture/draw-weights.ts';
import { type EncodedPair, type EncodedView, encodePair } from '../picture/encode-pair.ts';
import { matchLegend } from '../picture/match-legend.ts';
import { grayFilter } from '../picture/parts.ts';
import { pickSnapshots } from '../picture/pick-snapshots.ts';
import type { ReportData } from '../report-data.ts';
import { figure } from './figure.ts';

/** The fixed photos: overlap, and what the encoder made of them early, in the middle and late. */
export async function renderPictures(data: ReportData): Promise<string> {
  if (data.pairs.length === 0)
    return '<p class="nothing">Nothing yet: no photos were chosen for this run.</p>';
  const snapshots = pickSnapshots(data.snapshots);
  const pairs = await Promise.all(data.pairs.map(encodePair));
  const guide = `<p>The same photos and crops for the whole run: all that changes is the network. ${escapeText(describeSnapshots(snapshots))}</p>`;
  const filter = `<svg class="definitions" width="0" height="0" aria-hidden="true"><defs>${grayFilter}</defs></svg>`;
  return guide + filter + pairs.map((pair, which) => renderPair(pair, which, snapshots)).join('\n');
}

function describeSnapshots(snapshots: readonly Snapshot[]): string {
  if (snapshots.length === 0) return 'What it makes of them comes with the first snapshot.';
  if (snapshots.length === 1) return 'So far there is one snapshot.';
  return `Columns show it at steps ${snapshots.map(({ step }) => step.toLocaleString('en')).join(', ')}.`;
}

function renderPair(pair: EncodedPair, which: number, snapshots: readonly Snapshot[]): string {
  const { definitions, referenced } = shareImages(pair, which);
  const moments = snapshots.flatMap(({ step, inspections }, place) => {
    const inspection = inspections[which];
    return inspection ? [{ inspection, caption: describeMoment(step, place, snapshots.length) }] : [];
  });
  const pictures = [
    figure(drawOverlap(referenced), 'The photo, and where its two views were cut.'),
    figure(drawView(referenced, 0), describeView('Query view', pair.views[0])),
    figure(drawView(referenced, 1), describeView('Key view', pair.views[1])),
  ];
  return `<article class="pair">
<h3>${escapeText(pair.name)}</h3>
${definitions}
<div class="views"><div class="panels">${pictures.join('')}</div></div>
${moments.length === 0 ? '<p class="nothing">Nothing yet: matches, weights and attention come with the first snapshot.</p>' : ''}
${renderMatches(referenced, moments)}
${renderWeights(referenced, moments)}
${renderAttention(referenced, moments)}
</article>`;
}

function describeView(name: string, { geometry }: EncodedView): string {
  return `${name}${geometry.flipped ? ', mirrored' : ''}; dashed, the overlap that both views show.`;
}

interface Moment {
  readonly inspection: PairInspection;
  readonly caption: string;
}

function describeMoment(step: number, place: number, count: number): string {
  const words = count === 3 ? ['early', 'middle', 'late'] : count === 2 ? ['early', 'late'] : [];
  const word = words[place];
  return `${word === undefined ? '' : `${word}: `}step ${step.toLocaleString('en')}`;
}

function renderMatches(pair: EncodedPair, moments: readonly Moment[]): string {
  if (moments.length === 0) return '';
  const panels = moments.map(({ inspection, caption }) =>
    figure(drawMatches(pair, inspection, { layout: 'column', legend: false }), caption),
  );
  return group(
    'Matches',
    'Each line joins a query cell with its key cell, coloured by its weight in the loss; the dashed box is the overlap. Later matches should join the same thing (the paper’s Figure 6).',
    matchLegend(360),
    panels,
    'matches',
  );
}

function renderWeights(pair: EncodedPair, moments: readonly Moment[]): string {
  if (moments.length === 0) return '';
  const panels = moments.map(({ inspection, caption }) =>
    figure(drawWeights(pair, inspection, { legend: false }), caption),
  );
  return group(
    'Semantic weights',
    'How much each cell of the query view counts: fully inside the overlap, outside as far as the key view shows something alike (the paper’s Figure 5).',
    '',
    panels,
  );
}

function renderAttention(pair: EncodedPair, moments: readonly Moment[]): string {
  const maps = Math.min(...moments.map(({ inspection }) => inspection.attention.maps.length));
  if (moments.length === 0 || maps === 0) return '';
  const panels = Array.from({ length: maps }, (_, map) =>
    moments.map(({ inspection, caption }) => {
      const { low, high } = attentionRange(inspection.attention.maps[map] as CellAttention);
      const range = `cosine ${low.toFixed(2)} to ${high.toFixed(2)}`;
      return figure(drawAttention(pair, inspection, { map, legend: false }), `${caption}, ${range}`);
    }),
  ).flat();
  return group(
    'Self-attention',
    'How alike each cell is to the framed one, from the least (dark) to the most (bright). It should cover the whole thing that the cell lies on, and nothing else (the paper’s Figure 4).',
    '',
    panels,
    `of-${moments.length}`,
  );
}

function group(
  title: string,
  explanation: string,
  legend: string,
  panels: readonly string[],
  className = '',
): string {
  return `<section class="group ${className}"><h4>${title}</h4><p>${explanation}</p>${legend}<div class="panels">${panels.join('').replaceAll(grayFilter, '')}</div></section>`;
}

/** The pictures of a pair once in the page; what is drawn of it refers to them. */
function shareImages(
  pair: EncodedPair,
  which: number,
): { readonly definitions: string; readonly referenced: EncodedPair } {
  const ids = { photo: `photo-${which}`, query: `query-${which}`, key: `key-${which}` } as const;
  const [query, key] = pair.views;
  const define = (id: string, href: string): string =>
    `<image id="${id}" width="1" height="1" preserveAspectRatio="none" href="${escapeText(href)}"/>`;
  return {
    definitions: `<svg class="definitions" width="0" height="0" aria-hidden="true"><defs>${define(ids.photo, pair.photo.href)}${define(ids.query, query.href)}${define(ids.key, key.href)}</defs></svg>`,
    referenced: {
      ...pair,
      photo: { ...pair.photo, href: `#${ids.photo}` },
      views: [
        { ...query, href: `#${ids.query}` },
        { ...key, href: `#${ids.key}` },
      ],
    },
  };
}
