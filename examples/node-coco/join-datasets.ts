import { type ImageDataset, PixconError } from 'pixcon';

/**
 * Several data sets as one, in their order: COCO+ is `train2017` and `unlabeled2017`.
 *
 * @param parts by name, which is put before the names of its images
 * @throws PixconError `invalid-argument` for an index out of range
 *
 * @example
 * const dataset = joinDatasets({ train: imageFolder('train2017'), unlabeled: imageFolder('unlabeled2017') });
 * dataset.length; // => 241_690
 * dataset.name(118_287); // => 'unlabeled/000000000008.jpg'
 */
export function joinDatasets(parts: Readonly<Record<string, ImageDataset>>): ImageDataset {
  const length = Object.values(parts).reduce((sum, part) => sum + part.length, 0);
  const find = (index: number) => {
    let local = index;
    for (const [name, part] of Object.entries(parts)) {
      if (local >= 0 && local < part.length) return { name, part, local };
      local -= part.length;
    }
    throw new PixconError(
      'invalid-argument',
      `joinDatasets: index must be a whole number from 0 to ${length - 1}, got ${index}`,
    );
  };
  return {
    length,
    name: (index) => {
      const { name, part, local } = find(index);
      return `${name}/${part.name(local)}`;
    },
    load: async (index) => {
      const { part, local } = find(index);
      return await part.load(local);
    },
  };
}
