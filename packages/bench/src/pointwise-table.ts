import { PixconError } from '@pixcon/core';
import type { PointwiseLayer } from './pointwise.ts';
import { runPointwise } from './run-ours.ts';

/** Side, channels in and out, stride: every 1×1 layer of ResNet-50 at 224 px, those that differ, once. */
const layers = [
  [56, 64, 64, 1],
  [56, 64, 256, 1],
  [56, 256, 64, 1],
  [56, 256, 128, 1],
  [56, 256, 512, 2],
  [28, 128, 512, 1],
  [28, 512, 128, 1],
  [28, 512, 256, 1],
  [28, 512, 1024, 2],
  [14, 256, 1024, 1],
  [14, 1024, 256, 1],
  [14, 1024, 512, 1],
  [14, 1024, 2048, 2],
  [7, 512, 2048, 1],
  [7, 2048, 512, 1],
] as const;

const small = [[4, 8, 16, 2]] as const;

/**
 * What 1×1 convolutions of four images take as matrix products, and as TensorFlow's convolutions, as the rows of a
 * Markdown table that `print` hears as they are made. Each layer is measured in a process of its own: on some
 * processors TensorFlow's convolution ends it, and the row then says so.
 */
export async function pointwiseTable(quick: boolean, print: (line: string) => void): Promise<void> {
  print(
    '| cells, channels, stride | forward, ms | to images, ms | to filter, ms | all three, of TensorFlow’s |',
  );
  print('|---|---|---|---|---|');
  for (const [side, input, output, stride] of quick ? small : layers) {
    const layer: PointwiseLayer = { pointwise: [4, side, input, output, stride], rounds: quick ? 1 : 15 };
    print(`| ${side}×${side}, ${input} → ${output}, ${stride} | ${await figures(layer)} |`);
  }
}

async function figures(layer: PointwiseLayer): Promise<string> {
  try {
    const { product, convolution } = await runPointwise(layer);
    const pairs = product.map((time, i) => `${time.toFixed(2)} (${convolution[i]?.toFixed(2)})`);
    const ratio = sum(product) / sum(convolution);
    return [...pairs, ratio.toFixed(2)].join(' | ');
  } catch (error) {
    if (!PixconError.isInstance(error)) throw error;
    return `${error.message} | | |`;
  }
}

function sum(times: readonly number[]): number {
  return times.reduce((total, time) => total + time, 0);
}
