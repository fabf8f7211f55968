import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import type { StepScalars } from './train-step.ts';

/** The scalars of one step on the host. */
export interface StepValues {
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/**
 * Holds the scalars of the last steps on the device and fetches them together, so that training does not wait
 * for the host at each step, and still every step is checked for a loss that is not finite.
 */
export class StepLog {
  #pending: { step: number; names: readonly string[]; scalars: StepScalars }[] = [];

  /** Takes ownership of `scalars`; `names` are the batch's images. */
  add(step: number, names: readonly string[], scalars: StepScalars): void {
    this.#pending.push({ step, names, scalars });
  }

  /**
   * The values of every step since the last fetch.
   *
   * @throws PixconError `numerical` for the first step whose loss is not finite, with its images
   */
  async fetch(): Promise<StepValues[]> {
    const pending = this.#pending;
    this.#pending = [];
    const keys = Object.keys(pending[0]?.scalars ?? {});
    if (pending.length === 0) return [];
    const stacked = tf.tidy(() =>
      tf.stack(pending.flatMap(({ scalars }) => keys.map((key) => scalars[key] as tf.Scalar))),
    );
    const data = await stacked.data();
    stacked.dispose();
    tf.dispose(pending.map(({ scalars }) => scalars));
    return pending.map(({ step, names }, row) => {
      const values = Object.fromEntries(
        keys.map((key, column) => [key, data[row * keys.length + column] as number]),
      );
      const bad = keys.find((key) => !Number.isFinite(values[key]));
      if (bad !== undefined) {
        throw new PixconError(
          'numerical',
          `pretrain: ${bad} became ${values[bad]} at step ${step}; lower the learning rate, or look at the images of that batch: ${names.join(', ')}`,
        );
      }
      return { step, values };
    });
  }

  dispose(): void {
    tf.dispose(this.#pending.map(({ scalars }) => scalars));
    this.#pending = [];
  }
}
