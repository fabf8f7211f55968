import { assertNumber, PixconError, RandomStream, type SegmentationDataset } from '@pixcon/core';
import { chooseClasses } from './scene/classes.ts';
import { renderScene, type Scene } from './scene/render-scene.ts';

export interface SyntheticScenesOptions {
  /** Scenes in the data set. */
  readonly count: number;
  /** Side of a scene in pixels. Default 128; at least 16. */
  readonly size?: number;
  /** Default 0. Scene `index` depends on the seed and `index` only. */
  readonly seed?: number;
  /** Mean number of objects in a scene; each has up to 3 more or fewer. Default 7. */
  readonly objectsPerImage?: number;
  /** Names of the object classes to use, of `sceneClasses`. Default all 8. */
  readonly classes?: readonly string[];
}

/**
 * Scenes of several overlapping objects with a class per pixel, made on demand from a seed: no files, no
 * downloads, the same on every machine, also in a browser (import it from `@pixcon/datasets/synthetic`).
 *
 * A class is a shape and a texture; colours, size, turn and place are drawn per object, and backgrounds draw
 * from the same colours, so that the colour of a pixel says next to nothing about its class. Class 0 is
 * `background`: clouds, fibres, patches or slopes.
 *
 * @throws PixconError `invalid-argument`
 *
 * @example
 * const scenes = syntheticScenes({ count: 500, seed: 1 });
 * scenes.classNames; // => ['background', 'striped disc', …]: 9 names
 * await scenes.load(0); // => { data, width: 128, height: 128 }
 * await scenes.mask(0); // => Uint8Array of 128 × 128 class indices
 */
export function syntheticScenes(options: SyntheticScenesOptions): SegmentationDataset {
  const { count, size = 128, seed = 0, objectsPerImage = 7 } = options;
  const where = 'syntheticScenes';
  assertNumber(where, 'count', count, { minimum: 1, integer: true });
  assertNumber(where, 'size', size, { minimum: 16, integer: true });
  assertNumber(where, 'seed', seed, { integer: true });
  assertNumber(where, 'objectsPerImage', objectsPerImage, { minimum: 1 });
  const classes = chooseClasses(options.classes);
  let latest: { readonly index: number; readonly scene: Scene } | undefined;

  const render = (index: number): Scene => {
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new PixconError(
        'invalid-argument',
        `${where}: index must be a whole number from 0 to ${count - 1}, got ${index}`,
      );
    }
    if (latest?.index !== index) {
      const random = new RandomStream(seed).fork('scene', index);
      const objects = drawObjectCount(random, objectsPerImage);
      latest = { index, scene: renderScene(random, size, objects, classes) };
    }
    return latest.scene;
  };
  return {
    length: count,
    classNames: ['background', ...classes.map(({ name }) => name)],
    name: (index) => `scene-${index}`,
    load: (index) => attempt(() => ({ data: render(index).image.slice(), width: size, height: size })),
    mask: (index) => attempt(() => render(index).mask.slice()),
  };
}

/** A promise of what `run` returns or throws. */
function attempt<T>(run: () => T): Promise<T> {
  return new Promise((resolve) => resolve(run()));
}

/** Uniform around the mean, which is kept exactly also where it is no whole number. */
function drawObjectCount(random: RandomStream, mean: number): number {
  const centre = Math.floor(mean + random.uniform());
  const spread = Math.min(3, Math.floor(mean) - 1);
  return centre + random.integer(-spread, spread + 1);
}
