import { PixconError } from '@pixcon/core';

/** Runs so many asynchronous jobs at a time, in the order they came, so that decoded images do not pile up. */
export class Limiter {
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #closed = false;

  constructor(concurrency: number) {
    this.#free = concurrency;
  }

  /** @throws PixconError `interrupted` when it was closed before the job's turn */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      if (this.#closed) throw new PixconError('interrupted', 'pretrain: loading was stopped');
      return await job();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  /** Jobs that have not begun will not. */
  close(): void {
    this.#closed = true;
  }
}
