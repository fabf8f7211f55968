import {
  assertMatchValues,
  type Losses,
  type Match,
  type MatchInput,
  PixconError,
  type Targets,
} from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

/** Sees what the parts of a step hand over, while it is computed. */
export interface StepInspector {
  targets(targets: Targets): void;
  losses(losses: Losses): void;
  /** Those of a part of the loss; some of several calls may hold what an earlier one held. */
  gradients(gradients: ReadonlyMap<string, tf.Tensor>): void;
}

/** A part of the loss on the host. */
export interface InspectedPart {
  readonly total: number;
  readonly terms: Readonly<Record<string, number>>;
  /** Σ |g| of each parameter that has a gradient; where several parts were added up first, with the last of them. */
  readonly gradients: ReadonlyMap<string, number>;
}

interface KeptMatch extends Pick<Match, 'index' | 'weight'> {
  /** 0 where those of both views are finite. */
  readonly features?: tf.Scalar;
}

export interface BrokenMatch {
  readonly error: unknown;
  readonly ofFiniteFeatures: boolean;
}

interface KeptPart {
  readonly scalars: ReadonlyMap<string, tf.Scalar>;
  readonly gradients: Map<string, tf.Scalar>;
}

/**
 * What the parts of one step handed over, as far as it is needed to say which of them is at fault. Nothing is read back
 * before it is asked for. It owns its tensors.
 */
export class StepChecks implements StepInspector {
  readonly #matches: KeptMatch[] = [];
  readonly #targets = new Map<string, tf.Scalar>();
  readonly #parts: KeptPart[] = [];
  readonly #thorough: boolean;
  #faults: tf.Scalar | undefined;

  /** @param thorough look at features, too, which takes as much memory again as one of them */
  constructor(thorough: boolean) {
    this.#thorough = thorough;
  }

  /** For a method's `inspect`. */
  readonly match = ({ index, weight }: Match, { query, key }: MatchInput): void => {
    const features = () => tf.add<tf.Scalar>(zeroIfFinite(query), zeroIfFinite(key));
    this.#matches.push({
      index: tf.keep(tf.clone(index)),
      weight: tf.keep(tf.clone(weight)),
      ...(this.#thorough && { features: addKept(undefined, features) }),
    });
    this.#faults = addKept(this.#faults, () => faultOf(weight));
  };

  targets(targets: Targets): void {
    for (const [name, tensor] of Object.entries(targets))
      this.#targets.set(
        name,
        addKept(this.#targets.get(name), () => zeroIfFinite(tensor)),
      );
  }

  losses({ total, terms }: Losses): void {
    const scalars = Object.entries({ total, ...terms }).map(
      ([name, value]) => [name, tf.keep(tf.clone(value))] as const,
    );
    this.#parts.push({ scalars: new Map(scalars), gradients: new Map() });
  }

  gradients(gradients: ReadonlyMap<string, tf.Tensor>): void {
    const last = this.#parts.at(-1);
    for (const [name, gradient] of gradients)
      last?.gradients.set(
        name,
        addKept(last.gradients.get(name), () => magnitude(gradient)),
      );
  }

  /** The first match that is none, and whether it was made from finite features, where that was looked at. */
  async brokenMatch(): Promise<BrokenMatch | undefined> {
    for (const match of this.#matches) {
      try {
        await assertMatchValues(match);
      } catch (error) {
        const [value = 0] = (await match.features?.data()) ?? [];
        return { error, ofFiniteFeatures: value === 0 };
      }
    }
    return undefined;
  }

  /** Whether there are matches, and not one of them counts. */
  async noMatchCounts(): Promise<boolean> {
    const weights = await Promise.all(this.#matches.map(({ weight }) => weight.data()));
    return weights.length > 0 && weights.every((values) => values.every((value) => value === 0));
  }

  /** Names of the targets that hold a value that is not finite. */
  async brokenTargets(): Promise<string[]> {
    const values = await read(this.#targets);
    return [...values].flatMap(([name, value]) => (value === 0 ? [] : [name]));
  }

  /** The parts of the loss, in the order in which they were computed. */
  async parts(): Promise<InspectedPart[]> {
    const parts: InspectedPart[] = [];
    for (const { scalars, gradients } of this.#parts) {
      const { total = Number.NaN, ...terms } = Object.fromEntries(await read(scalars));
      parts.push({ total, terms, gradients: await read(gradients) });
    }
    return parts;
  }

  /**
   * 0 unless a match weight of the step is negative or not finite; `undefined` without a match. The caller disposes it.
   */
  takeFaults(): tf.Scalar | undefined {
    const faults = this.#faults;
    this.#faults = undefined;
    return faults;
  }

  dispose(): void {
    for (const { index, weight, features } of this.#matches) tf.dispose([index, weight, features ?? []]);
    for (const { scalars, gradients } of this.#parts)
      tf.dispose([...scalars.values(), ...gradients.values()]);
    tf.dispose([...this.#targets.values()]);
    this.#faults?.dispose();
    this.#faults = undefined;
    this.#matches.length = 0;
    this.#targets.clear();
    this.#parts.length = 0;
  }
}

/** The error to throw in place of one that a step ended with: what `look` finds at fault says more. */
export async function explain(error: unknown, look: () => Promise<void> | undefined): Promise<unknown> {
  try {
    await look();
    return error;
  } catch (found) {
    const said = error instanceof Error ? error.message : '';
    if (!PixconError.isInstance(found) || found.message === said) return error;
    return new PixconError(found.code, found.message, { cause: error });
  }
}

/** Their sum, in place of `before`. */
function addKept(before: tf.Scalar | undefined, value: () => tf.Scalar): tf.Scalar {
  const sum = tf.tidy(() => tf.keep(before ? tf.add<tf.Scalar>(before, value()) : value()));
  before?.dispose();
  return sum;
}

/** Σ min(w, 0), and NaN where a weight is not finite: only the minimum of some backends loses a NaN. */
function faultOf(weight: tf.Tensor): tf.Scalar {
  return tf.sum(tf.add(tf.minimum(weight, 0), tf.mul(weight, 0)));
}

/** Only a value that is not finite has a product with 0 other than 0. */
export function zeroIfFinite(tensor: tf.Tensor): tf.Scalar {
  return tf.sum(tf.mul(tf.cast(tensor, 'float32'), 0));
}

function magnitude(tensor: tf.Tensor): tf.Scalar {
  return tf.sum(tf.abs(tensor));
}

/** In one read. */
async function read(scalars: ReadonlyMap<string, tf.Scalar>): Promise<ReadonlyMap<string, number>> {
  if (scalars.size === 0) return new Map();
  const stacked = tf.tidy(() => tf.stack([...scalars.values()]));
  const values = await stacked.data();
  stacked.dispose();
  return new Map([...scalars.keys()].map((name, place) => [name, values[place] as number]));
}
