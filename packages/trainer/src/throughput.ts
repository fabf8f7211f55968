/** Images per second over the last steps: recent enough to follow a change, long enough to be steady. */
export class Throughput {
  readonly #batchSize: number;
  readonly #now: () => number;
  readonly #times: number[];

  /** @param now milliseconds, for tests */
  constructor(batchSize: number, now: () => number = () => performance.now()) {
    this.#batchSize = batchSize;
    this.#now = now;
    this.#times = [now()];
  }

  /** A step was done. */
  tick(): void {
    this.#times.push(this.#now());
    if (this.#times.length > 21) this.#times.shift();
  }

  get imagesPerSecond(): number {
    const seconds = this.#secondsPerStep();
    return seconds > 0 ? this.#batchSize / seconds : 0;
  }

  /** Expected seconds for so many more steps. */
  secondsFor(steps: number): number {
    return steps * this.#secondsPerStep();
  }

  #secondsPerStep(): number {
    const steps = this.#times.length - 1;
    if (steps === 0) return 0;
    return ((this.#times.at(-1) as number) - (this.#times[0] as number)) / 1000 / steps;
  }
}
