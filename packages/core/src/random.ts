/** The four words of a generator's state: plain JSON, so that a checkpoint can hold it. */
export type RandomState = readonly [number, number, number, number];

/**
 * A seeded random stream (xoshiro128**, Blackman and Vigna 2018, with splitmix32 seeding). Every draw of the
 * library comes from an explicit stream, so that a run is a function of its seed.
 *
 * `fork` gives an independent stream named by its path: two forks with equal paths are equal whatever was drawn
 * before, so work that is split by sample or by epoch does not depend on order.
 *
 * @example
 * const random = new RandomStream(7);
 * random.fork('augment', 3).uniform() === new RandomStream(7).fork('augment', 3).uniform(); // => true
 */
export class RandomStream {
  readonly #seed: number;
  readonly #words: Uint32Array;
  #spareNormal: number | undefined;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#words = new Uint32Array(4);
    let x = this.#seed;
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e3779b9) >>> 0;
      this.#words[i] = mix(x);
    }
  }

  /** An independent stream for `path`; this stream is left as it was. */
  fork(...path: readonly (string | number)[]): RandomStream {
    let hash = this.#seed;
    for (const part of path) {
      const text = typeof part === 'number' ? `#${part}` : part;
      for (let i = 0; i < text.length; i++) hash = mix((hash ^ text.charCodeAt(i)) + 0x9e3779b9);
      hash = mix(hash + 0x85ebca6b);
    }
    return new RandomStream(hash);
  }

  /** The next 32 random bits, as an unsigned number. */
  nextUint32(): number {
    const s = this.#words as Uint32Array & [number, number, number, number];
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }

  /** A number in [minimum, maximum), 0 and 1 by default, with 53 random bits. */
  uniform(minimum = 0, maximum = 1): number {
    const unit = ((this.nextUint32() >>> 5) * 67_108_864 + (this.nextUint32() >>> 6)) / 9_007_199_254_740_992;
    return minimum + (maximum - minimum) * unit;
  }

  /** A whole number in [minimum, maximum), each equally likely. */
  integer(minimum: number, maximum: number): number {
    return minimum + Math.floor(this.uniform() * (maximum - minimum));
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** A normal draw (Box–Muller), mean 0 and standard deviation 1 by default. */
  normal(mean = 0, standardDeviation = 1): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return mean + standardDeviation * spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return mean + standardDeviation * radius * Math.cos(angle);
  }

  /** A new array of 0 … length − 1 in random order (Fisher–Yates). */
  permutation(length: number): Int32Array {
    const order = Int32Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      const kept = order[i] as number;
      order[i] = order[j] as number;
      order[j] = kept;
    }
    return order;
  }

  /** The state to store; `restore` goes on from it. A buffered second normal draw is dropped. */
  save(): RandomState {
    this.#spareNormal = undefined;
    return [...this.#words] as unknown as RandomState;
  }

  /** Goes on from a saved state. Forks still follow the constructor's seed. */
  restore(state: RandomState): void {
    this.#words.set(state);
    this.#spareNormal = undefined;
  }
}

function rotateLeft(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
