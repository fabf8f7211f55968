import type { Augmentation } from '@pixcon/augment';
import { type ImageDataset, type Method, type MethodState, type RandomStream, scoped } from '@pixcon/core';
import type { InspectedPair, Snapshot } from '@pixcon/visualize';
import type { PictureFolder } from './picture-folder.ts';
import { isSnapshotDue, snapshotSteps } from './snapshot-steps.ts';

export interface RunPicturesInput {
  readonly folder: PictureFolder;
  readonly method: Method;
  readonly state: MethodState;
  readonly dataset: ImageDataset;
  readonly augmentation: Augmentation;
  readonly imageSize: number;
  /** Photos. */
  readonly count: number;
  /** Draws the photos; it is only forked. */
  readonly random: RandomStream;
  readonly totalSteps: number;
}

/** The pictures of a run: the same photos at fixed steps, kept in the run folder. */
export class RunPictures {
  readonly #input: RunPicturesInput;
  readonly #planned: readonly number[];
  readonly #made = new Set<number>();
  #pairs: readonly InspectedPair[] = [];

  constructor(input: RunPicturesInput) {
    this.#input = input;
    this.#planned = snapshotSteps(input.totalSteps);
  }

  get pairs(): readonly InspectedPair[] {
    return this.#pairs;
  }

  /** Chooses the photos, or goes on with those of the folder. */
  async begin(start: number): Promise<void> {
    const { folder, dataset, augmentation, count, random } = this.#input;
    // Without a checkpoint nothing says that what lies there is of this run.
    if (start === 0) await folder.remove();
    else await folder.keepUpTo(start);
    this.#pairs = await folder.readPairs();
    for (const step of await folder.steps()) this.#made.add(step);
    if (this.#pairs.length > 0) return;
    const { inspectedPairs } = await import('@pixcon/visualize');
    this.#pairs = await inspectedPairs(dataset, { random, count, crops: augmentation.crops });
    if (this.#pairs.length > 0) await folder.writePairs(this.#pairs);
  }

  isDue(done: number): boolean {
    return this.#pairs.length > 0 && isSnapshotDue(this.#planned, this.#made, done);
  }

  /** What the online encoder makes of the photos now. Nothing of the training state changes. */
  async take(done: number): Promise<Snapshot> {
    const { folder, method, state, augmentation, imageSize } = this.#input;
    const { inspectPairs } = await import('@pixcon/visualize');
    const { mean, standardDeviation } = augmentation;
    const parameters = scoped(state.online, method.backbonePrefix);
    const inspections = await inspectPairs(method.backbone, parameters, this.#pairs, {
      imageSize,
      mean,
      standardDeviation,
      ...(method.matching ? { matching: method.matching } : {}),
    });
    const snapshot = { step: done, inspections };
    await folder.writeSnapshot(snapshot);
    this.#made.add(done);
    return snapshot;
  }
}
