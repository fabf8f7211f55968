import {
  decodeSafetensors,
  type EncodableTensor,
  encodeSafetensors,
  type HostTensor,
} from '@pixcon/checkpoints';
import type { Grid, ViewGeometry } from '@pixcon/core';
import type { InspectedPair, PairInspection, Picture, Snapshot } from '@pixcon/visualize';
import {
  checkGeometry,
  checkGrid,
  checkList,
  checkRecord,
  checkText,
  checkWhole,
  damaged,
} from './check-record.ts';

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
    const [height, width, channels] = shape as [number, number, number];
    if (channels !== 3) throw damaged(`tensor ${name} has ${channels} channels`);
    return { ...checkGrid({ height, width }, `tensor ${name}`), pixels: data };
  };
  return records(metadata.pairs).map((record, pair) => {
    const { name, source, geometry } = checkRecord(record, `pair ${pair}`);
    const [query, key] = checkList(geometry, `the geometry of pair ${pair}`);
    return {
      name: checkText(name, `the name of pair ${pair}`),
      source: checkGrid(source, `the source of pair ${pair}`),
      photo: picture(`${pair}.photo`),
      views: [
        { ...picture(`${pair}.query`), geometry: checkGeometry(query, `the query view of pair ${pair}`) },
        { ...picture(`${pair}.key`), geometry: checkGeometry(key, `the key view of pair ${pair}`) },
      ],
    };
  });
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
  const floats = (name: string, grid: Grid) => ofCells(name, tensor(tensors, name, 'F32', 2), grid).data;
  const inspections = records(metadata.inspections).map((record, pair): PairInspection => {
    const fields = checkRecord(record, `inspection ${pair}`);
    const grid = checkGrid(fields.grid, `the grid of inspection ${pair}`);
    const attention = checkGrid(fields.attention, `the attention of inspection ${pair}`);
    const indexName = `${pair}.index`;
    return {
      grid,
      index: ofCells(indexName, tensor(tensors, indexName, 'I32', 2), grid).data,
      weight: floats(`${pair}.weight`, grid),
      similarity: floats(`${pair}.similarity`, grid),
      inOverlap: floats(`${pair}.inOverlap`, grid),
      attention: {
        grid: attention,
        maps: checkList(fields.cells, `the cells of inspection ${pair}`).map((value, map) => {
          const cell = checkWhole(value, `cell ${map} of inspection ${pair}`);
          if (cell >= attention.height * attention.width) throw damaged(`there is no cell ${cell}`);
          return { cell, cosine: floats(`${pair}.attention.${map}`, attention) };
        }),
      },
    };
  });
  return { step: checkWhole(Number(metadata.step), 'the step'), inspections };
}

function ofCells<T extends { readonly shape: readonly number[] }>(
  name: string,
  found: T,
  { height, width }: Grid,
): T {
  const { shape } = found;
  if (shape[0] === height && shape[1] === width) return found;
  throw damaged(`tensor ${name} of shape [${shape}] is not of ${height} × ${width} cells`);
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
  throw damaged(`there is no tensor ${name} of ${dtype} with ${rank} axes`);
}

function records(text: string | undefined): readonly unknown[] {
  try {
    const value = JSON.parse(text ?? '') as unknown;
    if (Array.isArray(value)) return value;
  } catch {
    // Told below.
  }
  throw damaged('there is no list of records in the metadata');
}
