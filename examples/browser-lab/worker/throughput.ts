/** Reports that the speed is taken over: recent enough to follow a change, long enough to be steady. */
const window = 12;

/** Images per second of training alone: pauses, pictures and checkpoints do not count. */
export class Throughput {
  readonly #batch: number;
  #marks: { readonly time: number; readonly steps: number }[] = [];
  #secondsPerStep = 0;

  constructor(batch: number) {
    this.#batch = batch;
  }

  /** What came before does not count for the next step. */
  restart(): void {
    this.#marks = [{ time: performance.now(), steps: 0 }];
  }

  /** So many steps were done since the last call. */
  tick(steps: number): void {
    this.#marks.push({ time: performance.now(), steps });
    if (this.#marks.length > window) this.#marks.shift();
    const [first, ...rest] = this.#marks;
    const total = rest.reduce((sum, mark) => sum + mark.steps, 0);
    const last = rest.at(-1);
    if (first && last && total > 0) this.#secondsPerStep = (last.time - first.time) / 1000 / total;
  }

  get imagesPerSecond(): number {
    return this.#secondsPerStep > 0 ? this.#batch / this.#secondsPerStep : 0;
  }

  secondsFor(steps: number): number {
    return steps * this.#secondsPerStep;
  }
}
