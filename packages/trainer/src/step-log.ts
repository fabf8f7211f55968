import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import type { StepScalars } from './train-step.ts';

/** What is known of a step on the host when it is enqueued. */
export interface StepFacts {
  /** Counted from 1. */
  readonly step: number;
  /** The images of its batch. */
  readonly names: readonly string[];
  /** Keys of real images in each queue after it. */
  readonly queueFilled: number;
}

/** The scalars of one step on the host. */
export interface StepValues extends StepFacts {
  readonly values: Readonly<Record<string, number>>;
}

export interface FetchedSteps {
  /** In order, up to the first step with a scalar that is not finite. */
  readonly steps: readonly StepValues[];
  /** `numerical`: what was not finite, in which step, with which images. */
  readonly failure?: PixconError;
}

/**
 * Holds the scalars of the last steps on the device and fetches them together, so that training does not wait
 * for the host at each step, and still every step is checked for a loss that is not finite.
 */
export class StepLog {
  #pending: (StepFacts & { readonly scalars: StepScalars })[] = [];

  /** Takes ownership of `scalars`. */
  add(facts: StepFacts, scalars: StepScalars): void {
    this.#pending.push({ ...facts, scalars });
  }

  /** The values of every step since the last fetch. */
  async fetch(): Promise<FetchedSteps> {
    const pending = this.#pending;
    this.#pending = [];
    if (pending.length === 0) return { steps: [] };
    const stacked = tf.tidy(() =>
      tf.stack(
        pending.flatMap(({ scalars }) => Object.values(scalars).map((value) => tf.cast(value, 'float32'))),
      ),
    );
    tf.dispose(pending.map(({ scalars }) => scalars));
    const data = await stacked.data();
    stacked.dispose();
    const steps: StepValues[] = [];
    let offset = 0;
    for (const { scalars, ...facts } of pending) {
      const values: Record<string, number> = {};
      for (const name of Object.keys(scalars)) values[name] = data[offset++] as number;
      const failure = describeFailure(facts, values);
      if (failure) return { steps, failure };
      steps.push({ ...facts, values });
    }
    return { steps };
  }

  dispose(): void {
    tf.dispose(this.#pending.map(({ scalars }) => scalars));
    this.#pending = [];
  }
}

/** Gradients that overflow at so small a scale do so by themselves. */
const leastLossScale = 2 ** -10;

function describeFailure(
  { step, names }: StepFacts,
  values: Readonly<Record<string, number>>,
): PixconError | undefined {
  const { lossScale = 1 } = values;
  if (lossScale < leastLossScale) {
    return new PixconError(
      'numerical',
      `pretrain: the gradients are not finite at step ${step}, however small the loss scale; lower the learning rate, train in full precision, or look at the images of that batch: ${names.join(', ')}`,
    );
  }
  const bad = Object.keys(values).find((name) => !Number.isFinite(values[name]));
  if (bad === undefined) return undefined;
  return new PixconError(
    'numerical',
    `pretrain: ${bad} became ${values[bad]} at step ${step}; lower the learning rate, or look at the images of that batch: ${names.join(', ')}`,
  );
}
