import { encodeSafetensors } from '@pixcon/checkpoints';
import type { InspectedPair, Snapshot } from '@pixcon/visualize';
import { expect, it } from 'vitest';
import { decodePairs, decodeSnapshot, encodePairs, encodeSnapshot } from './picture-files.ts';

const picture = { width: 2, height: 3, pixels: new Uint8Array(18) };
const geometry = { box: { x0: 0, y0: 0, x1: 4, y1: 4 }, flipped: false };
const view = { ...picture, geometry };
const pair: InspectedPair = {
  name: 'a.png',
  source: { width: 4, height: 6 },
  photo: picture,
  views: [view, view],
};
const cells = () => new Float32Array(6);
const inspection = {
  grid: { height: 2, width: 3 },
  index: new Int32Array(6),
  weight: cells(),
  similarity: cells(),
  inOverlap: cells(),
  attention: { grid: { height: 3, width: 2 }, maps: [{ cell: 5, cosine: cells() }] },
};
const snapshot: Snapshot = { step: 4, inspections: [inspection] };

it('gives back what it wrote', () => {
  expect(decodePairs(encodePairs([pair]))).toEqual([pair]);
  expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot);
});

it.each<[string, unknown]>([
  ['is none', null],
  ['has a name that is no text', { ...pair, name: 7 }],
  ['has no source', { ...pair, source: undefined }],
  ['has a view without a box', { ...pair, views: [{ ...view, geometry: { flipped: true } }, view] }],
  ['has a view without its crop', { ...pair, views: [{ ...view, geometry: null }, view] }],
  ['has a picture of no pixels', { ...pair, photo: { width: 0, height: 3, pixels: new Uint8Array(0) } }],
])('refuses a pair that %s', (_, damaged) => {
  const bytes =
    damaged === null
      ? encodeSafetensors(new Map(), { pairs: '[null]' })
      : encodePairs([damaged as InspectedPair]);
  expect(() => decodePairs(bytes)).toThrow(/^pictures: .*: the file is damaged; remove it$/);
});

it.each<[string, object]>([
  ['has no grid', { grid: undefined }],
  ['has a grid of fractions', { grid: { height: 1.5, width: 4 } }],
  [
    'has a grid of another size in its tensors',
    { attention: { ...inspection.attention, grid: inspection.grid } },
  ],
  [
    'looks at a cell that is not there',
    { attention: { ...inspection.attention, maps: [{ cell: 6, cosine: cells() }] } },
  ],
])('refuses a snapshot that %s', (_, change) => {
  const damaged = { step: 4, inspections: [{ ...inspection, ...change }] } as Snapshot;
  const bytes = () => {
    const { grid, attention, ...arrays } = { ...inspection, ...change } as typeof inspection;
    const shape = [2, 3];
    return encodeSafetensors(
      new Map([
        ['0.index', { dtype: 'I32', shape, data: arrays.index }],
        ...(['weight', 'similarity', 'inOverlap'] as const).map(
          (name) => [`0.${name}`, { dtype: 'F32', shape, data: arrays[name] }] as const,
        ),
        ['0.attention.0', { dtype: 'F32', shape: [3, 2], data: cells() }],
      ]),
      {
        step: String(damaged.step),
        inspections: JSON.stringify([
          { grid, attention: attention.grid, cells: attention.maps.map(({ cell }) => cell) },
        ]),
      },
    );
  };
  expect(() => decodeSnapshot(bytes())).toThrow(/^pictures: .*: the file is damaged; remove it$/);
});
