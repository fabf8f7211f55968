import { PixconError } from '@pixcon/core';
import { counted } from './folders/sentences.ts';

/** A number that occurs in masks. */
export interface FoundLabel {
  /** As stored in the file; in panoptic PNGs the id, R + 256 · G + 65536 · B. */
  readonly value: number;
  /** Whether it means "not labelled". */
  readonly void: boolean;
  readonly pixels: number;
  /** Indices of the images that show it. */
  readonly images: readonly number[];
}

/** Counts the numbers of masks, and what kinds of files store them. */
export class LabelTally {
  readonly #counts = new Map<number, { pixels: number; images: number[] }>();
  readonly #kinds = new Map<string, number>();
  readonly #isVoid: (value: number, kind: string) => boolean;
  readonly #voids = new Set<number>();
  #runs = 0;
  /** Images that show at least two numbers that are not void. */
  telling = 0;

  constructor(isVoid: (value: number, kind: string) => boolean) {
    this.#isVoid = isVoid;
  }

  add(image: number, kind: string, values: ArrayLike<number>): void {
    const own = new Map<number, number>();
    for (let at = 0; at < values.length; ) {
      const value = values[at] as number;
      let end = at + 1;
      while (end < values.length && values[end] === value) end += 1;
      this.#runs += 1;
      own.set(value, (own.get(value) ?? 0) + end - at);
      at = end;
    }
    let shown = 0;
    for (const [value, pixels] of own) {
      const known = this.#counts.get(value);
      if (known) {
        known.pixels += pixels;
        known.images.push(image);
      } else this.#counts.set(value, { pixels, images: [image] });
      if (this.#isVoid(value, kind)) this.#voids.add(value);
      else shown += 1;
    }
    if (shown > 1) this.telling += 1;
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
  }

  /** In the order of their values. */
  get labels(): readonly FoundLabel[] {
    return [...this.#counts]
      .sort(([a], [b]) => a - b)
      .map(([value, { pixels, images }]) => ({
        value,
        void: this.#voids.has(value),
        pixels,
        images: images.sort((a, b) => a - b),
      }));
  }

  /** How many masks of each kind, such as `grey of 8 bits`. */
  get kinds(): ReadonlyMap<string, number> {
    return this.#kinds;
  }

  /** What about these numbers may mean something else than what they are taken for. */
  get notices(): readonly string[] {
    const notices: string[] = [];
    if (this.#kinds.size > 1) {
      const kinds = [...this.#kinds].map(([kind, count]) => `${count} × ${kind}`);
      notices.push(`masks of several kinds are compared by the numbers they store: ${kinds.join(', ')}`);
    }
    const pixels = (value: number) => this.#counts.get(value)?.pixels ?? 0;
    const all = [...this.#counts.values()].reduce((sum, count) => sum + count.pixels, 0);
    if (this.#counts.size > 10 && pixels(0) + pixels(255) > 0.9 * all) {
      notices.push(
        `${counted(this.#counts.size, 'value')} in masks that are nearly all 0 and 255: soft edges of a resized or once lossy mask, each of which counts as a class; save masks of exact values`,
      );
    }
    if (this.#counts.size > 32 && all < 4 * this.#runs) {
      notices.push(
        `${counted(this.#counts.size, 'value')} in masks that change every ${(all / this.#runs).toFixed(1)} pixels: these look like pictures rather than labels; give a folder of masks`,
      );
    }
    return notices;
  }
}

export interface OneLabelOptions {
  readonly where: string;
  readonly masks: string;
  readonly tally: LabelTally;
  /** What is to be told apart: `class` in the whole set, `segment` in an image. */
  readonly thing: 'class' | 'segment';
}

/**
 * Refuses masks in which nothing can be told apart.
 *
 * @throws PixconError `data` that names the masks, the values they hold, and which of them mean void
 */
export function assertTellingLabels({ where, masks, tally, thing }: OneLabelOptions): void {
  const { labels, kinds } = tally;
  const used = labels.filter((label) => !label.void);
  if (thing === 'class' ? used.length > 1 : tally.telling > 0) return;
  const files = [...kinds.values()].reduce((sum, count) => sum + count, 0);
  const voids = labels.filter((label) => label.void).map(({ value }) => value);
  const found =
    labels.length > 8
      ? `${counted(labels.length, 'value')} occur in all ${files} masks`
      : `${joined(labels.map(({ value }) => value))} ${labels.length === 1 ? 'is the only value' : 'are the only values'} of ${files === 1 ? 'its one mask' : `all ${files} masks`}`;
  const one = thing === 'class' ? '' : ', no image of which shows two segments';
  const meaning =
    voids.length === 0
      ? ''
      : `, and ${joined(voids)} ${voids.length === 1 ? 'means' : 'mean'} void, "not labelled"${used.length === 0 ? ', so every pixel is void' : ''}; where ${voids.length === 1 ? 'it is a' : 'they are'} ${thing}${voids.length === 1 ? '' : thing === 'class' ? 'es' : 's'}, give --void none (voidLabels: 'none')`;
  const alpha = [...kinds.keys()].some((kind) => kind.includes('alpha'))
    ? '; the alpha channel of these masks is not read'
    : '';
  throw new PixconError(
    'data',
    `${where}: expected at least two ${thing === 'class' ? 'classes' : 'segments of an image'} to tell apart in the masks of ${masks}, but ${found}${one}${meaning}${alpha}`,
  );
}

function joined(values: readonly number[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} and ${values.at(-1)}`;
}
