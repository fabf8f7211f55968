/**
 * Draws in tasks of their own, so that the page answers between them. What was asked for again before its turn is
 * drawn once; while the page is hidden, nothing is drawn.
 */
export class TaskQueue {
  readonly #jobs = new Map<string, () => void>();
  #isScheduled = false;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#schedule());
  }

  /** The last `draw` of a name counts. */
  add(name: string, draw: () => void): void {
    this.#jobs.set(name, draw);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#jobs.size === 0 || document.hidden) return;
    this.#isScheduled = true;
    setTimeout(() => {
      this.#isScheduled = false;
      const [next] = this.#jobs;
      if (!next) return;
      this.#jobs.delete(next[0]);
      next[1]();
      this.#schedule();
    });
  }
}
