import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { describeScalars } from './describe-scalars.ts';
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

  /** Takes ownership of `scalars`, and of `faults`, which is 0 where the step's match weights are sound. */
  add(facts: StepFacts, scalars: StepScalars, faults?: tf.Scalar): void {
    this.#pending.push({ ...facts, scalars: { ...scalars, ...(faults && { [matchFaults]: faults }) } });
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
      const { [matchFaults]: faults = 0, ...own } = values;
      const failure = describeFailure(facts, own, faults);
      if (failure) return { steps, failure };
      steps.push({ ...facts, values: own });
    }
    return { steps };
  }

  dispose(): void {
    tf.dispose(this.#pending.map(({ scalars }) => scalars));
    this.#pending = [];
  }
}

/** What no scalar of a method is called. */
const matchFaults = '#matchFaults';

/** Gradients that overflow at so small a scale do so by themselves. */
const leastLossScale = 2 ** -10;

function describeFailure(
  { step, names }: StepFacts,
  values: Readonly<Record<string, number>>,
  faults: number,
): PixconError | undefined {
  const { lossScale = 1, featureDeviation } = values;
  const images = `the images of that batch: ${names.join(', ')}`;
  const numerical = (message: string) => new PixconError('numerical', `pretrain: ${message}`);
  if (lossScale < leastLossScale) {
    return numerical(
      `the gradients are not finite at step ${step}, however small the loss scale; lower the learning rate, train in full precision, or look at ${images}`,
    );
  }
  if (faults < 0) {
    return new PixconError(
      'invalid-argument',
      `matching: weight must be finite and not negative, got some at step ${step} that are negative and add up to ${faults}; look at the matching, or at ${images}`,
    );
  }
  const bad = Object.keys(values).filter((name) => !Number.isFinite(values[name]));
  const [first] = bad;
  if (first === undefined && faults === 0) return undefined;
  const became = first === undefined ? '' : `: ${first} became ${values[first]}`;
  const sound = featureDeviation !== undefined && Number.isFinite(featureDeviation);
  if (faults !== 0 && sound) {
    return new PixconError(
      'invalid-argument',
      `matching: weight must be finite and not negative, got some at step ${step} that are not finite, though the features are${became}; look at the matching, or at ${images}`,
    );
  }
  if (sound && first !== undefined) {
    return numerical(
      `${first} became ${values[first]} at step ${step}, though the features are finite (${describeScalars(values)}); look at how it is computed from them, or at ${images}`,
    );
  }
  const weights = faults === 0 ? '' : ', and with it the weights of the matching';
  return numerical(
    `${first ?? 'a match weight'} became ${first === undefined ? faults : values[first]} at step ${step}${weights}; lower the learning rate, or look at ${images}`,
  );
}
