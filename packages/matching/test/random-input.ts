import { type Grid, type MatchInput, RandomStream, type ViewGeometry } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

/** A crop somewhere in an image of about 100 pixels. */
export function randomView(random: RandomStream): ViewGeometry {
  const [x0, y0] = [random.uniform(0, 60), random.uniform(0, 60)];
  const box = { x0, y0, x1: x0 + random.uniform(5, 60), y1: y0 + random.uniform(5, 60) };
  return { box, flipped: random.chance(0.5) };
}

export function randomInput(
  seed: number,
  options: { readonly batch?: number; readonly grid?: Grid; readonly channels?: number } = {},
): MatchInput {
  const { batch = 3, grid = { height: 3, width: 4 }, channels = 5 } = options;
  const random = new RandomStream(seed);
  const cells = grid.height * grid.width;
  const features = () => {
    const data = Float32Array.from({ length: batch * cells * channels }, () => random.normal());
    return tf.tensor3d(data, [batch, cells, channels]);
  };
  const views = () => Array.from({ length: batch }, () => randomView(random));
  return { query: features(), key: features(), grid, queryGeometry: views(), keyGeometry: views() };
}

/** Cosine of query cell i and key cell j of an image, in double precision. */
export async function naiveCosine(
  { query, key }: MatchInput,
  image: number,
  i: number,
  j: number,
): Promise<number> {
  const channels = query.shape[2];
  const row = async (tensor: tf.Tensor3D, cell: number) => {
    const start = (image * tensor.shape[1] + cell) * channels;
    return [...(await tensor.data()).slice(start, start + channels)];
  };
  const [a, b] = [await row(query, i), await row(key, j)];
  const dot = (x: number[], y: number[]) => x.reduce((sum, value, k) => sum + value * (y[k] as number), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
