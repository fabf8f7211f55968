import * as tf from '@tensorflow/tfjs-core';
import type { Evaluation } from './minimize.ts';

/**
 * The penalised cross-entropy of a linear classifier as a function of its weights and biases, one after the other:
 * `[dim × classes + classes]`. It owns the features on the device.
 */
export class LogisticObjective {
  readonly #features: tf.Tensor2D;
  readonly #targets: Float32Array;
  readonly #dim: number;
  readonly #classes: number;

  /**
   * @param features `[rows, dim]`
   * @param targets `[rows, classes]`, not negative
   */
  constructor(features: Float32Array, dim: number, targets: Float32Array, classes: number) {
    this.#features = tf.tensor2d(features, [features.length / dim, dim]);
    this.#targets = targets;
    this.#dim = dim;
    this.#classes = classes;
  }

  dispose(): void {
    this.#features.dispose();
  }

  /** No weights; biases that give each class its frequency. */
  start(rowWeights: Float32Array): Float64Array {
    const { totals, sum } = this.#totals(rowWeights);
    const point = new Float64Array((this.#dim + 1) * this.#classes);
    // A class that only held-out rows have gets a small share, not none.
    for (const [column, total] of totals.entries()) {
      point[this.#dim * this.#classes + column] = Math.log(Math.max(total / sum, 1e-6));
    }
    return point;
  }

  /** @param rowWeights `[rows]` */
  async evaluate(point: Float64Array, rowWeights: Float32Array, penalty: number): Promise<Evaluation> {
    const classes = this.#classes;
    const logits = await this.#logits(point);
    const { sum } = this.#totals(rowWeights);
    const residual = new Float32Array(logits.length);
    const gradient = new Float64Array(point.length);
    const biasStart = this.#dim * classes;
    const powers = new Float64Array(classes);
    let value = 0;
    for (let row = 0; row < rowWeights.length; row++) {
      const rowWeight = (rowWeights[row] as number) / sum;
      if (rowWeight === 0) continue;
      const start = row * classes;
      let most = Number.NEGATIVE_INFINITY;
      for (let at = start; at < start + classes; at++) {
        if ((logits[at] as number) > most) most = logits[at] as number;
      }
      let powerSum = 0;
      let mass = 0;
      let labelled = 0;
      for (let column = 0; column < classes; column++) {
        const above = (logits[start + column] as number) - most;
        const target = this.#targets[start + column] as number;
        const power = Math.exp(above);
        powers[column] = power;
        powerSum += power;
        mass += target;
        labelled += target * above;
      }
      value += rowWeight * (mass * Math.log(powerSum) - labelled);
      const scale = mass / powerSum;
      for (let column = 0; column < classes; column++) {
        const target = this.#targets[start + column] as number;
        const slope = rowWeight * (scale * (powers[column] as number) - target);
        residual[start + column] = slope;
        gradient[biasStart + column] = (gradient[biasStart + column] as number) + slope;
      }
    }
    const weightGradient = await this.#projected(residual);
    for (let at = 0; at < biasStart; at++) {
      const weight = point[at] as number;
      value += (penalty / 2) * weight * weight;
      gradient[at] = (weightGradient[at] as number) + penalty * weight;
    }
    return { value, gradient };
  }

  /**
   * Mean cross-entropy of the rows of `rowWeights`, of the classes that `fitted` rows have: no penalty could have
   * taught the others.
   */
  async crossEntropy(point: Float64Array, rowWeights: Float32Array, fitted: Float32Array): Promise<number> {
    const classes = this.#classes;
    const logits = await this.#logits(point);
    const { totals } = this.#totals(fitted);
    let value = 0;
    let sum = 0;
    for (let row = 0; row < rowWeights.length; row++) {
      if (rowWeights[row] === 0) continue;
      const start = row * classes;
      const logSum = logSumExp(logits, start, classes);
      for (let column = 0; column < classes; column++) {
        if (totals[column] === 0) continue;
        const target = this.#targets[start + column] as number;
        sum += target;
        value += target * (logSum - (logits[start + column] as number));
      }
    }
    return value / sum;
  }

  /** `[rows, classes]`. */
  async #logits(point: Float64Array): Promise<Float32Array> {
    const [dim, classes] = [this.#dim, this.#classes];
    const logits = tf.tidy(() => {
      const weight = tf.tensor2d(Float32Array.from(point.subarray(0, dim * classes)), [dim, classes]);
      const bias = tf.tensor1d(Float32Array.from(point.subarray(dim * classes)));
      return tf.add(tf.matMul(this.#features, weight), bias);
    });
    const values = await logits.data<'float32'>();
    logits.dispose();
    return values;
  }

  /** Features transposed times `residual`, `[dim, classes]`. */
  async #projected(residual: Float32Array): Promise<Float32Array> {
    const product = tf.tidy(() => {
      const rows = tf.tensor2d(residual, [residual.length / this.#classes, this.#classes]);
      return tf.matMul(this.#features, rows, true, false);
    });
    const values = await product.data<'float32'>();
    product.dispose();
    return values;
  }

  #totals(rowWeights: Float32Array): { totals: Float64Array; sum: number } {
    const classes = this.#classes;
    const totals = new Float64Array(classes);
    for (let at = 0; at < this.#targets.length; at++) {
      const weight = rowWeights[Math.floor(at / classes)] as number;
      const column = at % classes;
      totals[column] = (totals[column] as number) + weight * (this.#targets[at] as number);
    }
    return { totals, sum: totals.reduce((sum, total) => sum + total, 0) };
  }
}

function logSumExp(values: Float32Array, start: number, count: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let at = start; at < start + count; at++) most = Math.max(most, values[at] as number);
  let sum = 0;
  for (let at = start; at < start + count; at++) sum += Math.exp((values[at] as number) - most);
  return most + Math.log(sum);
}
