import * as tf from '@tensorflow/tfjs-core';

/** Adds up scalars by name, on the device, over the parts of a step. */
export class ScalarTotals {
  readonly #totals = new Map<string, { readonly sum: tf.Scalar; readonly count: number }>();

  /** The scalars stay the caller's. */
  add(scalars: Readonly<Record<string, tf.Scalar>>): void {
    for (const [name, scalar] of Object.entries(scalars)) {
      const before = this.#totals.get(name);
      const sum = tf.keep(before ? tf.add<tf.Scalar>(before.sum, scalar) : tf.clone(scalar));
      this.#totals.set(name, { sum, count: (before?.count ?? 0) + 1 });
      before?.sum.dispose();
    }
  }

  /** Σ / `parts`, of each name; the caller disposes them, and this object is empty. */
  sums(parts: number): Record<string, tf.Scalar> {
    return this.#take(() => parts);
  }

  /** The mean over the times that each name was added; as `sums`. */
  means(): Record<string, tf.Scalar> {
    return this.#take((count) => count);
  }

  dispose(): void {
    for (const { sum } of this.#totals.values()) sum.dispose();
    this.#totals.clear();
  }

  #take(divisor: (count: number) => number): Record<string, tf.Scalar> {
    const taken = Object.fromEntries(
      [...this.#totals].map(([name, { sum, count }]) => {
        const by = divisor(count);
        return [name, by === 1 ? tf.clone(sum) : tf.div<tf.Scalar>(sum, by)];
      }),
    );
    this.dispose();
    return taken;
  }
}
