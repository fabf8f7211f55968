import * as tf from '@tensorflow/tfjs-core';
import { kernels } from './kernels/kernels.ts';

/** Sums that wait for each other: enough to fill several dispatches, few enough that they hold little memory. */
const mostWaiting = 24;
const mostBytesWaiting = 4 << 20;

interface Waiting {
  readonly total: tf.Tensor;
  part?: tf.Tensor;
}

/** The gradients of a backward pass by the id of their tensor, each the sum of what has come for it so far. */
export class GradientSums {
  readonly #sums = new Map<number, tf.Tensor>();
  readonly #waiting = new Map<number, Waiting>();
  #due = 0;
  #bytesDue = 0;

  get(id: number): tf.Tensor | undefined {
    if (this.#waiting.get(id)?.part) this.#settle();
    return this.#sums.get(id) ?? this.#waiting.get(id)?.total;
  }

  /** Takes `part` over. */
  add(id: number, part: tf.Tensor): void {
    if (this.#waiting.get(id)?.part) this.#settle();
    const waiting = this.#waiting.get(id);
    if (waiting) {
      waiting.part = part;
      this.#due++;
      this.#bytesDue += 4 * part.size;
      if (this.#due === mostWaiting || this.#bytesDue >= mostBytesWaiting) this.#settle();
      return;
    }
    const before = this.#sums.get(id);
    this.#sums.set(id, before ? sumOf(before, part) : part);
  }

  /** What the gradient is added to; taken over. A backend may add several of them together. */
  start(id: number, total: tf.Tensor): void {
    if (kernels().addAll) this.#waiting.set(id, { total });
    else this.#sums.set(id, total);
  }

  dispose(id: number): void {
    this.get(id)?.dispose();
    this.#sums.delete(id);
    this.#waiting.delete(id);
  }

  #settle(): void {
    const due = [...this.#waiting].filter((entry): entry is [number, Required<Waiting>] => !!entry[1].part);
    const sums = kernels().addAll?.(due.map(([, pair]) => pair)) ?? [];
    due.forEach(([id, { part }], i) => {
      part.dispose();
      this.#waiting.delete(id);
      this.#sums.set(id, sums[i] as tf.Tensor);
    });
    this.#due = 0;
    this.#bytesDue = 0;
  }
}

/** Takes both over. */
function sumOf(before: tf.Tensor, part: tf.Tensor): tf.Tensor {
  const sum = kernels().addTo?.({ total: before, part }) ?? tf.add(before, part);
  part.dispose();
  if (sum !== before && !before.isDisposed) before.dispose();
  return sum;
}
