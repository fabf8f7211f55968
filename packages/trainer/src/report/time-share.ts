/** Keeps what is done beside the training below a share of the time: told how long it took, it says when next. */
export class TimeShare {
  readonly #share: number;
  readonly #now: () => number;
  #next = Number.NEGATIVE_INFINITY;

  /**
   * @param share such as 0.02
   * @param now milliseconds, for tests
   */
  constructor(share: number, now: () => number = () => performance.now()) {
    this.#share = share;
    this.#now = now;
  }

  get isDue(): boolean {
    return this.#now() >= this.#next;
  }

  /** Does the work, and counts its time whether or not it fails. */
  async spend<T>(work: () => Promise<T>): Promise<T> {
    const start = this.#now();
    try {
      return await work();
    } finally {
      const end = this.#now();
      this.#next = end + (end - start) / this.#share;
    }
  }
}
