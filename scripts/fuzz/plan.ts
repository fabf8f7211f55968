export const readerNames = [
  'jpeg',
  'png',
  'webp',
  'mask',
  'safetensors',
  'pth',
  'pkl',
  'config',
  'report',
  'checkpoint',
  'events',
] as const;
export type ReaderName = (typeof readerNames)[number];

/** Slow ones get fewer cases, those that read a language get more. */
const shares: Readonly<Partial<Record<ReaderName, number>>> = {
  pth: 3,
  pkl: 3,
  report: 0.5,
  checkpoint: 0.5,
};

/** A case by its name: `png 12` is the same file whatever other readers take part. */
export interface Case {
  readonly reader: ReaderName;
  readonly index: number;
}

/** So many cases over the readers, in turn. */
export function planCases(names: readonly ReaderName[], count: number): Case[] {
  const total = names.reduce((sum, name) => sum + (shares[name] ?? 1), 0);
  const next = new Map(names.map((name) => [name, 0]));
  return Array.from({ length: count }, (_, at) => {
    // The one that is furthest behind its share.
    const behind = (name: ReaderName) =>
      ((at + 1) * (shares[name] ?? 1)) / total - (next.get(name) as number);
    const reader = names.reduce((best, name) => (behind(name) > behind(best) ? name : best));
    const index = next.get(reader) as number;
    next.set(reader, index + 1);
    return { reader, index };
  });
}
