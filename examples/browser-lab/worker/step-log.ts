import { PixconError } from '@pixcon/core';
import type { StepScalars } from '@pixcon/trainer/step';
import * as tf from '@tensorflow/tfjs-core';

/** The scalars of one step on the host. */
export interface StepValues {
  readonly step: number;
  readonly queueFilled: number;
  readonly values: Readonly<Record<string, number>>;
}

/** Keeps the scalars of steps on the device until they are fetched together, so that no step waits for the host. */
export class StepLog {
  #pending: { readonly step: number; readonly queueFilled: number; readonly scalars: StepScalars }[] = [];

  /** Takes ownership of `scalars`. */
  add(step: number, queueFilled: number, scalars: StepScalars): void {
    this.#pending.push({ step, queueFilled, scalars });
  }

  /** @throws PixconError `numerical` for a loss that is not finite */
  async fetch(): Promise<StepValues[]> {
    const pending = this.#pending;
    this.#pending = [];
    if (pending.length === 0) return [];
    const stacked = tf.tidy(() => tf.stack(pending.flatMap(({ scalars }) => Object.values(scalars))));
    tf.dispose(pending.map(({ scalars }) => ({ ...scalars })));
    const data = await stacked.data();
    stacked.dispose();
    let offset = 0;
    const steps = pending.map(({ step, queueFilled, scalars }) => {
      const entries = Object.keys(scalars).map((name) => [name, data[offset++] as number] as const);
      return { step, queueFilled, values: Object.fromEntries(entries) };
    });
    const bad = steps.find(({ values }) => !Number.isFinite(values.loss));
    if (!bad) return steps;
    throw new PixconError(
      'numerical',
      `The loss became ${bad.values.loss} at step ${bad.step + 1}. Lower the learning rate and start again.`,
    );
  }
}
