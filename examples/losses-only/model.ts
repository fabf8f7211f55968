import * as layers from '@tensorflow/tfjs-layers';

export interface ModelOptions {
  /** Side of the images in pixels. */
  readonly size: number;
  /** Side of a cell in pixels; divides `size`. */
  readonly patch: number;
  readonly width: number;
  readonly dim: number;
}

/**
 * A model as a user may have one: an MLP-Mixer (Tolstikhin et al. 2021) of stock layers, without PixCon. Images
 * `[batch, size, size, 3]` → the features of their cells `[batch, cells, width]`, and projections `[batch, cells, dim]`.
 */
export function mixer({ size, patch, width, dim }: ModelOptions): layers.LayersModel {
  const side = size / patch;
  const cells = side * side;
  const images = layers.input({ shape: [size, size, 3] });
  const rows = apply(layers.layers.reshape({ targetShape: [side, patch, side, patch * 3] }), images);
  const patches = apply(layers.layers.permute({ dims: [1, 3, 2, 4] }), rows);
  let x = apply(layers.layers.reshape({ targetShape: [cells, patch * patch * 3] }), patches);
  x = apply(layers.layers.dense({ units: width }), x);
  for (let block = 0; block < 2; block++) {
    const transposed = apply(layers.layers.permute({ dims: [2, 1] }), x); // [batch, width, cells]
    const mixed = perceptron(transposed, 2 * cells, cells);
    x = apply(layers.layers.add(), [x, apply(layers.layers.permute({ dims: [2, 1] }), mixed)]);
    x = apply(layers.layers.add(), [x, perceptron(x, 2 * width, width)]);
  }
  return layers.model({ inputs: images, outputs: [x, perceptron(x, width, dim)] });
}

function perceptron(x: layers.SymbolicTensor, hidden: number, output: number): layers.SymbolicTensor {
  return apply(
    layers.layers.dense({ units: output }),
    apply(layers.layers.dense({ units: hidden, activation: 'relu' }), x),
  );
}

function apply(
  layer: layers.layers.Layer,
  x: layers.SymbolicTensor | layers.SymbolicTensor[],
): layers.SymbolicTensor {
  return layer.apply(x) as layers.SymbolicTensor;
}
