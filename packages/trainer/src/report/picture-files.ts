import {
  decodeSafetensors,
  type EncodableTensor,
  encodeSafetensors,
  type HostTensor,
} from '@pixcon/checkpoints';
import { type Grid, PixconError, type ViewGeometry } from '@pixcon/core';
import type { InspectedPair, PairInspection, Picture, Snapshot } from '@pixcon/visualize';

type Tensors = Map<string, EncodableTensor>;

/** The photos and views of a run's pictures as a safetensors file: bytes, and their geometry as metadata. */
export function encodePairs(pairs: readonly InspectedPair[]): Uint8Array {
  const tensors: Tensors = new Map();
  const add = (name: string, { height, width, pixels }: Picture) =>
    tensors.set(name, { dtype: 'U8', shape: [height, width, 3], data: pixels });
  for (const [pair, { photo, views }] of pairs.entries()) {
    add(`${pair}.photo`, photo);
    add(`${pair}.query`, views[0]);
    add(`${pair}.key`, views[1]);
  }
  const records = pairs.map(({ name, source, views }): PairRecord => {
    return { name, source, geometry: [views[0].geometry, views[1].geometry] };
  });
  return encodeSafetensors(tensors, { pairs: JSON.stringify(records) });
}

interface PairRecord {
  readonly name: string;
  readonly source: InspectedPair['source'];
  readonly geometry: readonly [ViewGeometry, ViewGeometry];
}

/** @throws PixconError `checkpoint` for a file that is damaged */
export function decodePairs(bytes: Uint8Array): InspectedPair[] {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const picture = (name: string): Picture => {
    const { shape, data } = tensor(tensors, name, 'U8', 3);
    const [height, width] = shape as [number, number];
    return { width, height, pixels: data };
  };
  return records<PairRecord>(metadata.pairs).map(({ name, source, geometry }, pair) => ({
    name,
    source,
    photo: picture(`${pair}.photo`),
    views: [
      { ...picture(`${pair}.query`), geometry: geometry[0] },
      { ...picture(`${pair}.key`), geometry: geometry[1] },
    ],
  }));
}

/** What an encoder made of the pairs at one step as a safetensors file. */
export function encodeSnapshot({ step, inspections }: Snapshot): Uint8Array {
  const tensors: Tensors = new Map();
  for (const [pair, { grid, index, weight, similarity, inOverlap, attention }] of inspections.entries()) {
    const shape = [grid.height, grid.width];
    tensors.set(`${pair}.index`, { dtype: 'I32', shape, data: index });
    for (const [name, data] of Object.entries({ weight, similarity, inOverlap })) {
      tensors.set(`${pair}.${name}`, { dtype: 'F32', shape, data });
    }
    const { height, width } = attention.grid;
    for (const [map, { cosine }] of attention.maps.entries()) {
      tensors.set(`${pair}.attention.${map}`, { dtype: 'F32', shape: [height, width], data: cosine });
    }
  }
  const records = inspections.map(({ grid, attention }): InspectionRecord => {
    return { grid, attention: attention.grid, cells: attention.maps.map(({ cell }) => cell) };
  });
  return encodeSafetensors(tensors, { step: String(step), inspections: JSON.stringify(records) });
}

interface InspectionRecord {
  readonly grid: Grid;
  readonly attention: Grid;
  readonly cells: readonly number[];
}

/** @throws PixconError `checkpoint` for a file that is damaged */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const floats = (name: string) => tensor(tensors, name, 'F32', 2).data;
  const inspections = records<InspectionRecord>(metadata.inspections).map(
    ({ grid, attention, cells }, pair): PairInspection => ({
      grid,
      index: tensor(tensors, `${pair}.index`, 'I32', 2).data,
      weight: floats(`${pair}.weight`),
      similarity: floats(`${pair}.similarity`),
      inOverlap: floats(`${pair}.inOverlap`),
      attention: {
        grid: attention,
        maps: cells.map((cell, map) => ({ cell, cosine: floats(`${pair}.attention.${map}`) })),
      },
    }),
  );
  return { step: Number(metadata.step), inspections };
}

function tensor<D extends HostTensor['dtype']>(
  tensors: ReadonlyMap<string, HostTensor>,
  name: string,
  dtype: D,
  rank: number,
): Extract<HostTensor, { dtype: D }> {
  const found = tensors.get(name);
  if (found?.dtype === dtype && found.shape.length === rank)
    return found as Extract<HostTensor, { dtype: D }>;
  throw new PixconError('checkpoint', `pictures: expected a tensor ${name} of ${dtype} with ${rank} axes`);
}

function records<T>(text: string | undefined): readonly T[] {
  try {
    const value = JSON.parse(text ?? '') as unknown;
    if (Array.isArray(value)) return value as T[];
  } catch {
    // Told below.
  }
  throw new PixconError('checkpoint', 'pictures: expected a list of records in the metadata');
}
