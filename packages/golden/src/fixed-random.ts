import { RandomStream } from '@pixcon/core';

/** A stream that always draws the number which the reference drew. */
export class FixedRandom extends RandomStream {
  readonly #value: number;

  constructor(value: number) {
    super(0);
    this.#value = value;
  }

  override uniform(): number {
    return this.#value;
  }
}
