import type { Augmentation } from '@pixcon/augment';
import { type Method, type MethodState, type RandomStream, scoped } from '@pixcon/core';
import {
  type EncodedPair,
  encodePair,
  type InspectedPair,
  inspectedPairs,
  inspectPairs,
  type Snapshot,
} from '@pixcon/visualize';

import type { LabImages } from './images.ts';

/** Shares of a run after which pictures are made: often early, when features change fast. */
const shares = [0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** Training between pictures takes so many times as long as they do, at least. */
const restShare = 6;

/** Photos that the page shows. */
const count = 4;

/** More than a picture has cells: each that may be clicked on gets its map. */
const everyCell = 10_000;

/** The same photos, looked at again and again as training goes on. */
export class Pictures {
  readonly #pairs: readonly InspectedPair[];
  readonly #augmentation: Augmentation;
  readonly #size: number;
  readonly #due: readonly number[];
  /** Of the last pictures, and when the next may be made. */
  #step = -1;
  #notBefore = 0;

  private constructor(
    pairs: readonly InspectedPair[],
    augmentation: Augmentation,
    size: number,
    steps: number,
  ) {
    this.#pairs = pairs;
    this.#augmentation = augmentation;
    this.#size = size;
    this.#due = shares.map((share) => Math.round(share * steps));
  }

  /** Chooses the photos by `random`. */
  static async choose(
    { dataset, side }: LabImages,
    random: RandomStream,
    run: { readonly augmentation: Augmentation; readonly size: number; readonly steps: number },
  ): Promise<Pictures> {
    const { augmentation, size, steps } = run;
    const pairs = await inspectedPairs(dataset, {
      random,
      count,
      crops: augmentation.crops,
      viewSize: Math.min(256, side),
      photoSize: side,
    });
    return new Pictures(pairs, augmentation, size, steps);
  }

  /** As a page can show them. */
  encode(): Promise<EncodedPair[]> {
    return Promise.all(this.#pairs.map(encodePair));
  }

  /** At the planned steps, or as soon as they have become affordable; at the last step in any case. */
  isDue(step: number): boolean {
    if (step === this.#due.at(-1)) return this.#step !== step;
    return this.#due.some((due) => due > this.#step && due <= step) && performance.now() >= this.#notBefore;
  }

  /** What the online encoder makes of the photos now. */
  async take(method: Method, state: MethodState, step: number): Promise<Snapshot> {
    const start = performance.now();
    const { mean, standardDeviation } = this.#augmentation;
    const parameters = scoped(state.online, method.backbonePrefix);
    const inspections = await inspectPairs(method.backbone, parameters, this.#pairs, {
      imageSize: this.#size,
      mean,
      standardDeviation,
      attentionCells: everyCell,
      ...(method.matching ? { matching: method.matching } : {}),
    });
    this.#step = step;
    this.#notBefore = performance.now() + restShare * (performance.now() - start);
    return { step, inspections };
  }
}
