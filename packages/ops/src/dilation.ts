import * as tf from '@tensorflow/tfjs-core';

/**
 * The filter with `dilation − 1` zeros between its taps: undilated, it does what `filter` does dilated.
 *
 * @param across the dilation of columns, where it is another
 */
export function dilateFilter(filter: tf.Tensor4D, dilation: number, across = dilation): tf.Tensor4D {
  const [rows, columns, inputs, outputs] = filter.shape;
  const [gap, gapAcross] = [dilation - 1, across - 1];
  const wide = tf.pad3d(tf.reshape(filter, [rows * columns, 1, inputs * outputs]), [
    [0, 0],
    [0, gapAcross],
    [0, 0],
  ]);
  const spread = tf.pad3d(tf.reshape(wide, [rows, 1, columns * across * inputs * outputs]), [
    [0, 0],
    [0, gap],
    [0, 0],
  ]);
  const grid = tf.reshape<tf.Rank.R4>(spread, [rows * dilation, columns * across, inputs, outputs]);
  return tf.slice4d(
    grid,
    [0, 0, 0, 0],
    [rows * dilation - gap, columns * across - gapAcross, inputs, outputs],
  );
}

/** The taps of a dilated filter: the inverse of `dilateFilter`. */
export function tapsOfDilated(dilated: tf.Tensor4D, dilation: number, across = dilation): tf.Tensor4D {
  return tf.stridedSlice(dilated, [0, 0, 0, 0], dilated.shape, [dilation, across, 1, 1]) as tf.Tensor4D;
}

/**
 * A stride-1 dilated convolution as an undilated, unpadded one: every `dilation`-th row and column of the padded
 * images becomes an image of its own (Chen et al., DeepLab, arXiv 1606.00915, section 3.1).
 */
export interface PhaseSplit {
  /** Shape of the split images: `[batch · dilation², rows, columns, channels]`. */
  shape(channels: number): [number, number, number, number];
  /** Images, padded and split. */
  splitInput(x: tf.Tensor4D): tf.Tensor4D;
  /** Results (of a convolution with a `rows` × `columns` filter), filled up with zeros and split. */
  splitOutput(y: tf.Tensor4D): tf.Tensor4D;
  /** The inverse of `splitInput`. */
  mergeInput(x: tf.Tensor4D): tf.Tensor4D;
}

export function phaseSplit(
  [batch, height, width]: readonly [number, number, number, number],
  [rows, columns]: readonly [number, number, number, number],
  padding: number,
  dilation: number,
): PhaseSplit {
  const blocks = [dilation, dilation];
  const full = (size: number) => Math.ceil((size + 2 * padding) / dilation) * dilation;
  const fullHeight = full(height);
  const fullWidth = full(width);
  const margins = [
    [padding, fullHeight - height - padding],
    [padding, fullWidth - width - padding],
  ];
  return {
    shape: (channels) => [batch * dilation ** 2, fullHeight / dilation, fullWidth / dilation, channels],
    splitInput: (x) => tf.spaceToBatchND(x, blocks, margins) as tf.Tensor4D,
    splitOutput: (y) =>
      tf.spaceToBatchND(y, blocks, [
        [0, fullHeight - dilation * (rows - 1) - y.shape[1]],
        [0, fullWidth - dilation * (columns - 1) - y.shape[2]],
      ]) as tf.Tensor4D,
    mergeInput: (x) => tf.batchToSpaceND(x, blocks, margins) as tf.Tensor4D,
  };
}
