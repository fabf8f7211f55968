import * as tf from '@tensorflow/tfjs-core';
import { type Attributes, ofInput } from './config.ts';
import { unbroadcast } from './unbroadcast.ts';

/** Gradients of kernels that repeat, turn round, take apart or fold tensors. */
export function rearrangingGradients(): tf.GradConfig[] {
  return [
    ofInput('Tile', (dy, x, { reps }) => tileGradient(dy, x, reps as number[])),
    ofInput('BroadcastTo', (dy, x) => unbroadcast(dy, x.shape)),
    ofInput('Reverse', (dy, _, { dims }) => tf.reverse(dy, dims as number[])),
    ofInput('MirrorPad', mirrorPadGradient),
    ofInput('BatchToSpaceND', (dy, _, { blockShape, crops }) =>
      tf.spaceToBatchND(dy, blockShape as number[], crops as number[][]),
    ),
    ofInput('SpaceToBatchND', (dy, _, { blockShape, paddings }) =>
      tf.batchToSpaceND(dy, blockShape as number[], paddings as number[][]),
    ),
    ofInput('DepthToSpace', depthToSpaceGradient),
    // One part comes as a tensor, several as an array.
    {
      kernelName: 'SplitV',
      gradFunc: (dy, _, { axis }) => ({ x: () => tf.concat([dy].flat(), axis as number) }),
    },
    {
      kernelName: 'Unpack',
      gradFunc: (dy, _, { axis }) => ({ value: () => tf.stack([dy].flat(), axis as number) }),
    },
  ];
}

/** Adds the copies up, one axis after the other: no tensor of more than three axes is made. */
function tileGradient(dy: tf.Tensor, x: tf.Tensor, reps: readonly number[]): tf.Tensor {
  let sum = dy;
  reps.forEach((count, axis) => {
    if (count === 1) return;
    const inner = x.shape.slice(axis).reduce((size, extent) => size * extent, 1);
    // The axes after this one are still repeated.
    const repeated = reps.slice(axis + 1).reduce((product, times) => product * times, 1);
    const copies = tf.reshape(sum, [-1, count, inner * repeated]);
    sum = tf.sum(copies, 1);
  });
  return tf.reshape(sum, x.shape);
}

/** Folds the margins back, axis by axis. */
function mirrorPadGradient(dy: tf.Tensor, x: tf.Tensor, { paddings, mode }: Attributes): tf.Tensor {
  let folded = dy;
  (paddings as [number, number][]).forEach(([before, after], axis) => {
    const size = x.shape[axis] as number;
    const part = (start: number, length: number) => {
      const begin = folded.shape.map((_, i) => (i === axis ? start : 0));
      const extent = folded.shape.map((all, i) => (i === axis ? length : all));
      return tf.slice(folded, begin, extent);
    };
    const margin = (start: number, length: number, to: number) => {
      const around = folded.shape.map((_, i): [number, number] =>
        i === axis ? [to, size - to - length] : [0, 0],
      );
      return tf.pad(tf.reverse(part(start, length), axis), around);
    };
    const edge = mode === 'reflect' ? 1 : 0;
    let sum = part(before, size);
    if (before > 0) sum = tf.add(sum, margin(0, before, edge));
    if (after > 0) sum = tf.add(sum, margin(before + size, after, size - after - edge));
    folded = sum;
  });
  return folded === dy ? tf.clone(dy) : folded;
}

function depthToSpaceGradient(dy: tf.Tensor, x: tf.Tensor, { blockSize, dataFormat }: Attributes): tf.Tensor {
  const block = blockSize as number;
  const channelsFirst = dataFormat === 'NCHW';
  const images = channelsFirst ? tf.transpose(dy, [0, 2, 3, 1]) : dy;
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [rows, columns] = [height / block, width / block];
  const blocks = tf.transpose(
    tf.reshape(images, [batch * rows, block, columns, block * channels]),
    [0, 2, 1, 3],
  );
  const depth = tf.reshape(blocks, [batch, rows, columns, block * block * channels]);
  return channelsFirst ? tf.transpose(depth, [0, 3, 1, 2]) : tf.reshape(depth, x.shape);
}
