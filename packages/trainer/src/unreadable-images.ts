import { PixconError } from '@pixcon/core';

/**
 * Images that could not be read. They are skipped, up to a share of the data set; beyond it the data set is
 * more likely broken than dented, and the run stops with the list.
 */
export class UnreadableImages {
  readonly #reasons = new Map<string, string>();
  readonly #share: number;
  readonly #total: number;
  readonly #onSkip: ((name: string, reason: string) => void) | undefined;

  /**
   * @param total images of the data set
   * @param onSkip hears each image once
   * @param share the share of `total` that may be unreadable
   */
  constructor(total: number, onSkip?: (name: string, reason: string) => void, share = 0.05) {
    this.#total = total;
    this.#share = share;
    this.#onSkip = onSkip;
  }

  get names(): readonly string[] {
    return [...this.#reasons.keys()];
  }

  /** By name, for a checkpoint. */
  save(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#reasons);
  }

  /** Goes on from what a checkpoint holds; nothing is told again. */
  restore(reasons: Readonly<Record<string, string>>): void {
    for (const [name, reason] of Object.entries(reasons)) this.#reasons.set(name, reason);
  }

  /** The image could be read: it may have been repaired since the checkpoint. */
  remove(name: string): void {
    this.#reasons.delete(name);
  }

  /**
   * @param message the reader's; only what follows the file's own name is kept
   * @throws PixconError `unreadable-data` once more than the allowed share is unreadable
   */
  add(name: string, message: string): void {
    const allowed = this.#total * this.#share;
    if (!this.#reasons.has(name)) {
      const at = message.indexOf(`${name}: `);
      const reason = at < 0 ? message : message.slice(at + name.length + 2);
      this.#reasons.set(name, reason);
      if (this.#reasons.size <= allowed) this.#onSkip?.(name, reason);
    }
    if (this.#reasons.size <= allowed) return;
    const list = [...this.#reasons].map(([file, why]) => `  ${file}: ${why}`).join('\n');
    throw new PixconError(
      'unreadable-data',
      `pretrain: more than ${100 * this.#share}% of the ${this.#total} images cannot be read (${this.#reasons.size} so far); repair or remove them:\n${list}`,
    );
  }
}
