import { decodeSafetensors, type HostTensor } from '@pixcon/checkpoints';
import { PixconError, type ViewGeometry } from '@pixcon/core';

/** The JSON beside the tensors: what was run and the losses that came of it. */
export interface GoldenRecord {
  readonly name: string;
  readonly optimizer: {
    readonly type: 'SGD';
    readonly lr: number;
    readonly momentum: number;
    readonly weightDecay: number;
  };
  /** What the authors' random generator returned at each step, where they drew which view to enqueue. */
  readonly enqueueRandom: readonly number[] | null;
  readonly losses: readonly (Readonly<Record<string, number>> & { readonly total: number })[];
  readonly ema: { readonly when: 'after' | 'inside' | null; readonly momentum: number | null } | string;
  readonly variant?: Readonly<Record<string, unknown>>;
  readonly temperature?: number;
  readonly lossWeight?: number;
  /** PixPro's. */
  readonly positiveRadius?: number;
  readonly ppmExponent?: number;
  /** SlotCon's. */
  readonly studentTemperature?: number;
  readonly teacherTemperature?: number;
  readonly centerMomentum?: number;
  readonly groupWeight?: number;
}

/** A pair of `NAME.json` and `NAME.safetensors`. */
export interface GoldenFile {
  readonly name: string;
  readonly record: GoldenRecord;
  readonly tensors: ReadonlyMap<string, HostTensor>;
}

/** The two views that every golden run was fed. */
export interface GoldenViews {
  /** `[16, 3, 96, 96]`, as in the file. */
  readonly images: readonly [HostTensor, HostTensor];
  readonly geometry: readonly [readonly ViewGeometry[], readonly ViewGeometry[]];
}

/** Of the bytes of both files. */
export function decodeGoldenFile(name: string, json: string, safetensors: Uint8Array): GoldenFile {
  return { name, record: JSON.parse(json) as GoldenRecord, tensors: decodeSafetensors(safetensors).tensors };
}

/** Of the bytes of `views.safetensors`. */
export function decodeGoldenViews(safetensors: Uint8Array): GoldenViews {
  const { tensors } = decodeSafetensors(safetensors);
  const boxes = tensorOf(tensors, 'boxes').data;
  const flips = tensorOf(tensors, 'flips').data;
  const geometry = (side: 0 | 1): ViewGeometry[] =>
    Array.from({ length: flips.length / 2 }, (_, image) => {
      const at = (image * 2 + side) * 4;
      const [x0, y0, x1, y1] = Array.from(boxes.slice(at, at + 4), Number) as [
        number,
        number,
        number,
        number,
      ];
      return { box: { x0, y0, x1, y1 }, flipped: Number(flips[image * 2 + side]) === 1 };
    });
  return {
    images: [tensorOf(tensors, 'view1'), tensorOf(tensors, 'view2')],
    geometry: [geometry(0), geometry(1)],
  };
}

/** @throws PixconError `data` when the file has no such tensor */
export function tensorOf(tensors: ReadonlyMap<string, HostTensor>, name: string): HostTensor {
  const tensor = tensors.get(name);
  if (tensor) return tensor;
  throw new PixconError('data', `golden: the file has no tensor named ${name}`);
}
