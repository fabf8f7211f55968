/** At least so long between two renderings, and so many times as long as one takes: a training may be under way. */
const [leastPause, pausePerCost] = [1000, 10];

/** A report that is drawn only when it was asked for, has changed, and was not drawn just now. */
export class CachedReport {
  readonly #render: () => Promise<string>;
  readonly #now: () => number;
  #html: Promise<string> | undefined;
  #stale = true;
  #next = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds, for tests */
  constructor(render: () => Promise<string>, now: () => number = () => performance.now()) {
    this.#render = render;
    this.#now = now;
  }

  markStale(): void {
    this.#stale = true;
  }

  /** Milliseconds until `get` would draw again; 0 when it would now. */
  get pause(): number {
    return Math.max(0, this.#next - this.#now());
  }

  /** The report; a little old where it was drawn a moment ago. */
  async get(): Promise<string> {
    if (this.#html === undefined || (this.#stale && this.pause === 0)) this.#html = this.#draw();
    return await this.#html;
  }

  async #draw(): Promise<string> {
    this.#stale = false;
    // While it is being drawn, whoever asks gets this one.
    this.#next = Number.POSITIVE_INFINITY;
    const start = this.#now();
    try {
      return await this.#render();
    } catch (error) {
      this.#html = undefined;
      this.#stale = true;
      throw error;
    } finally {
      const end = this.#now();
      this.#next = end + Math.max(leastPause, pausePerCost * (end - start));
    }
  }
}
