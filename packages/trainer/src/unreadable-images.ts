import { PixconError } from '@pixcon/core';

/**
 * Images that could not be read. They are skipped, up to a share of the data set; beyond it the data set is
 * more likely broken than dented, and the run stops with the list.
 */
export class UnreadableImages {
  readonly #reasons = new Map<string, string>();
  readonly #allowed: number;
  readonly #total: number;
  readonly #onSkip: ((name: string, reason: string) => void) | undefined;

  /** @param share the share of `total` images that may be unreadable */
  constructor(total: number, onSkip?: (name: string, reason: string) => void, share = 0.05) {
    this.#total = total;
    this.#allowed = total * share;
    this.#onSkip = onSkip;
  }

  get names(): readonly string[] {
    return [...this.#reasons.keys()];
  }

  /** @throws PixconError `unreadable-data` once more than the allowed share is unreadable */
  add(name: string, reason: string): void {
    if (!this.#reasons.has(name)) {
      this.#reasons.set(name, reason);
      if (this.#reasons.size <= this.#allowed) this.#onSkip?.(name, reason);
    }
    if (this.#reasons.size <= this.#allowed) return;
    const list = [...this.#reasons].map(([file, why]) => `  ${file}: ${why}`).join('\n');
    throw new PixconError(
      'unreadable-data',
      `pretrain: more than 5% of the ${this.#total} images cannot be read (${this.#reasons.size} so far); repair or remove them:\n${list}`,
    );
  }
}
