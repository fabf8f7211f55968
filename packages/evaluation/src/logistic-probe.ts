import { assertNumber, PixconError, RandomStream } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertFiniteFeatures } from './assert-finite.ts';
import { LogisticObjective } from './logistic-objective.ts';
import { type Minimum, minimize } from './minimize.ts';

/** Rows to fit: features, and for each class its share of the row. */
export interface ProbeRows {
  /** `[rows, dim]`. */
  readonly features: Float32Array;
  readonly dim: number;
  /** `[rows, classes]`, not negative: the weight that each class has in a row. Rows need not add up to 1. */
  readonly targets: Float32Array;
  /** What rows are held out together by, `[rows]`: their image. Default: each row on its own. */
  readonly groups?: Int32Array;
}

export interface LogisticProbeOptions {
  readonly classCount: number;
  /**
   * Strength of the penalty, λ. Default: the best of 1, 0.1, … 1e-6 by the cross-entropy of a fifth of the groups
   * that is held out, from strong to weak as long as it falls; then all rows are fitted.
   */
  readonly penalty?: number;
  /** Scale every feature to mean 0 and deviation 1 over the rows before fitting. Default true. */
  readonly standardize?: boolean;
  /** Stop when no entry of the gradient is larger. Default 1e-4, scikit-learn's. */
  readonly tolerance?: number;
  /** Default 500. */
  readonly maximumIterations?: number;
  /** Which groups are held out follows from it. Default 0. */
  readonly seed?: number;
}

/** A fitted linear classifier of plain features (scaling is folded in). */
export interface LogisticProbe {
  /** The classes that have a weight in the rows; the others are never predicted. */
  readonly classes: readonly number[];
  readonly dim: number;
  /** `[dim, classes]`. */
  readonly weight: Float64Array;
  /** `[classes]`. */
  readonly bias: Float64Array;
  readonly penalty: number;
  readonly iterations: number;
  /** Largest entry of the gradient at the end. */
  readonly gradientNorm: number;
  /** False when the tolerance was not reached. */
  readonly converged: boolean;
  /** Cross-entropy of the held-out groups by penalty, in the order tried; empty where the penalty was given. */
  readonly heldOut: readonly { readonly penalty: number; readonly loss: number }[];
}

const penalties = [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6] as const;
/** Of a cross-entropy of float32 logits, generously. */
const valueError = 1e-6;
/** Where a single group leaves nothing to hold out. */
const fallbackPenalty = 1e-3;

/**
 * Multinomial logistic regression with an L2 penalty, fitted on all rows at once by L-BFGS:
 *
 * minimise −Σ_rc t_rc log softmax(x_r W + b)_c / Σ_rc t_rc + λ/2 ‖W‖², biases free.
 *
 * It is convex: the result depends on no learning rate, schedule or starting point. scikit-learn's
 * `LogisticRegression(C)` is λ = 1 / (C · rows). The optimizer computes in float64 on the host, the two products
 * with the features in float32 on the running backend.
 *
 * @throws PixconError `invalid-argument` for an option out of range, `invalid-shape` when the arrays do not fit,
 *   `numerical` for features that are not finite, `data` when fewer than two classes have a weight
 *
 * @example
 * const features = Float32Array.of(-2, -1, 1, 2);
 * const targets = Float32Array.of(1, 0, 1, 0, 0, 1, 0, 1); // [4 rows, 2 classes]
 * const probe = await logisticProbe({ features, dim: 1, targets }, { classCount: 2, penalty: 0.1 });
 * await probeLogits(probe, Float32Array.of(3)); // => [negative, positive]
 */
export async function logisticProbe(rows: ProbeRows, options: LogisticProbeOptions): Promise<LogisticProbe> {
  const {
    classCount,
    penalty,
    standardize = true,
    tolerance = 1e-4,
    maximumIterations = 500,
    seed = 0,
  } = options;
  const where = 'logisticProbe';
  assertNumber(where, 'classCount', classCount, { minimum: 2, integer: true });
  assertNumber(where, 'tolerance', tolerance, { minimum: 0, exclusiveMinimum: true });
  assertNumber(where, 'maximumIterations', maximumIterations, { minimum: 1, integer: true });
  if (penalty !== undefined) assertNumber(where, 'penalty', penalty, { minimum: 0 });
  const count = assertRows(rows, classCount);
  assertFiniteFeatures(where, rows.features, 'the rows');
  const classes = presentClasses(rows.targets, classCount);
  if (classes.length < 2) {
    throw new PixconError(
      'data',
      `${where}: expected rows of at least two classes, got ${classes.length === 0 ? 'none' : `class ${classes[0]} alone`}`,
    );
  }
  const { dim } = rows;
  const scaling = featureScaling(rows.features, dim, standardize);
  const objective = new LogisticObjective(
    scaled(rows.features, scaling),
    dim,
    columnsOf(rows.targets, classCount, classes),
    classes.length,
  );
  try {
    const everything = new Float32Array(count).fill(1);
    const search = penalty === undefined ? heldOutRows(rows.groups, count, seed) : undefined;
    const heldOut: { penalty: number; loss: number }[] = [];
    let best: { penalty: number; loss: number; point: Float64Array } = {
      penalty: penalty ?? fallbackPenalty,
      loss: Number.POSITIVE_INFINITY,
      point: objective.start(everything),
    };
    if (search) {
      let point = objective.start(search.fitted);
      for (const candidate of penalties) {
        const found: Minimum = await minimize(
          (at) => objective.evaluate(at, search.fitted, candidate),
          point,
          // Enough to compare penalties.
          {
            tolerance: Math.max(tolerance, 3e-4),
            maximumIterations: Math.min(maximumIterations, 150),
            valueError,
          },
        );
        point = found.point;
        const loss = await objective.crossEntropy(point, search.held, search.fitted);
        heldOut.push({ penalty: candidate, loss });
        if (loss < best.loss) best = { penalty: candidate, loss, point };
        // Weaker penalties only fit the noise from here on.
        else break;
      }
    }
    const { point, ...fit } = await minimize(
      (at) => objective.evaluate(at, everything, best.penalty),
      best.point,
      { tolerance, maximumIterations, valueError },
    );
    const { iterations, gradientNorm, converged } = fit;
    return {
      classes,
      dim,
      ...unscaled(point, classes.length, scaling),
      penalty: best.penalty,
      iterations,
      gradientNorm,
      converged,
      heldOut,
    };
  } finally {
    objective.dispose();
  }
}

/**
 * Logits of features under a probe, `[rows, probe.classes.length]`.
 *
 * @throws PixconError `invalid-shape` when the features are no whole rows
 */
export async function probeLogits(probe: LogisticProbe, features: Float32Array): Promise<Float32Array> {
  const { dim, weight, bias } = probe;
  if (features.length % dim !== 0) {
    throw new PixconError(
      'invalid-shape',
      `probeLogits: features must be rows of ${dim} values, got ${features.length} values`,
    );
  }
  const logits = tf.tidy(() => {
    const w = tf.tensor2d(Float32Array.from(weight), [dim, bias.length]);
    const x = tf.tensor2d(features, [features.length / dim, dim]);
    return tf.add(tf.matMul(x, w), tf.tensor1d(Float32Array.from(bias)));
  });
  const values = await logits.data<'float32'>();
  logits.dispose();
  return values;
}

function assertRows({ features, dim, targets, groups }: ProbeRows, classCount: number): number {
  assertNumber('logisticProbe', 'dim', dim, { minimum: 1, integer: true });
  const count = targets.length / classCount;
  if (count > 0 && features.length === count * dim && (groups?.length ?? count) === count) return count;
  throw new PixconError(
    'invalid-shape',
    `logisticProbe: expected rows of ${dim} features and ${classCount} targets, got ${features.length} features, ${targets.length} targets${groups ? ` and ${groups.length} groups` : ''}`,
  );
}

function presentClasses(targets: Float32Array, classCount: number): number[] {
  const present = new Uint8Array(classCount);
  for (const [at, target] of targets.entries()) if (target > 0) present[at % classCount] = 1;
  return [...present.keys()].filter((label) => present[label]);
}

function columnsOf(targets: Float32Array, classCount: number, classes: readonly number[]): Float32Array {
  if (classes.length === classCount) return targets;
  const rows = targets.length / classCount;
  const kept = new Float32Array(rows * classes.length);
  for (let row = 0; row < rows; row++) {
    for (const [column, label] of classes.entries()) {
      kept[row * classes.length + column] = targets[row * classCount + label] as number;
    }
  }
  return kept;
}

interface Scaling {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

function featureScaling(features: Float32Array, dim: number, standardize: boolean): Scaling {
  const mean = new Float64Array(dim);
  const deviation = new Float64Array(dim).fill(1);
  if (!standardize) return { mean, deviation };
  const rows = features.length / dim;
  for (let at = 0; at < features.length; at++) {
    mean[at % dim] = (mean[at % dim] as number) + (features[at] as number) / rows;
  }
  const variance = new Float64Array(dim);
  for (let at = 0; at < features.length; at++) {
    const centred = (features[at] as number) - (mean[at % dim] as number);
    variance[at % dim] = (variance[at % dim] as number) + (centred * centred) / rows;
  }
  // A feature that never changes, but for rounding, stays 0.
  for (const [at, value] of variance.entries()) {
    const size = Math.abs(mean[at] as number);
    deviation[at] = value > 1e-12 * size * size ? Math.sqrt(value) : Number.POSITIVE_INFINITY;
  }
  return { mean, deviation };
}

function scaled(features: Float32Array, { mean, deviation }: Scaling): Float32Array {
  const dim = mean.length;
  const result = new Float32Array(features.length);
  for (let at = 0; at < features.length; at++) {
    result[at] = ((features[at] as number) - (mean[at % dim] as number)) / (deviation[at % dim] as number);
  }
  return result;
}

/** Weights and biases for plain features. */
function unscaled(
  point: Float64Array,
  classCount: number,
  { mean, deviation }: Scaling,
): { weight: Float64Array; bias: Float64Array } {
  const dim = mean.length;
  const weight = new Float64Array(dim * classCount);
  const bias = point.slice(dim * classCount);
  for (let at = 0; at < weight.length; at++) {
    const feature = Math.floor(at / classCount);
    weight[at] = (point[at] as number) / (deviation[feature] as number);
    const column = at % classCount;
    bias[column] = (bias[column] as number) - (mean[feature] as number) * (weight[at] as number);
  }
  return { weight, bias };
}

/** Weights of the rows, 1 or 0, to fit and to hold out: a fifth of the groups. */
function heldOutRows(
  groups: Int32Array | undefined,
  count: number,
  seed: number,
): { fitted: Float32Array; held: Float32Array } | undefined {
  const groupOf = (row: number) => groups?.[row] ?? row;
  const names = groups ? [...new Set(groups)] : Array.from({ length: count }, (_, row) => row);
  if (names.length < 2) return undefined;
  const order = new RandomStream(seed).fork('held out').permutation(names.length);
  const chosen = new Set(
    [...order].slice(0, Math.max(1, Math.round(names.length / 5))).map((at) => names[at]),
  );
  const held = Float32Array.from({ length: count }, (_, row) => (chosen.has(groupOf(row)) ? 1 : 0));
  return { held, fitted: held.map((value) => 1 - value) };
}
