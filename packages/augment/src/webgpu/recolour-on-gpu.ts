import type { ChannelValues } from '@pixcon/core';
import { runWebgpuProgram } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { gaussianTaps } from '../internal/blur.ts';
import type { PhotometricParameters } from '../recipe.ts';
import { numbersPerImage, recolourShader, sharedBytes, tileSide } from './recolour-shader.ts';

export interface GpuRecolourOptions {
  readonly kernelSize: number;
  readonly mean: ChannelValues;
  readonly standardDeviation: ChannelValues;
}

/** Invocations that add up a picture's grey, and how many workgroups of them. */
const sumWorkgroup = 256;
const mostSlices = 32;

/** Whether WebGPU runs, on a device whose workgroups hold a tile and what the blur sees of its surroundings. */
export function recoloursOnGpu(kernelSize: number): boolean {
  if (tf.getBackend() !== 'webgpu') return false;
  const { device } = tf.backend() as unknown as {
    device: { limits: { maxComputeWorkgroupStorageSize: number } };
  };
  return sharedBytes(kernelSize) <= device.limits.maxComputeWorkgroupStorageSize;
}

/**
 * The photometric augmentation of a batch in two dispatches: the mean grey of every picture, which contrast needs, then
 * all the rest. A workgroup recolours a tile of one picture with its surroundings and blurs it in its own memory.
 *
 * @param pixels float32 `[batch, height, width, 3]` in [0, 1], or bytes, four in an int32, of so many pictures
 */
export function recolourOnGpu(
  pixels: tf.Tensor,
  [height, width]: readonly [number, number],
  parameters: readonly PhotometricParameters[],
  { kernelSize, mean, standardDeviation }: GpuRecolourOptions,
): tf.Tensor4D {
  return tf.tidy(() => {
    const batch = parameters.length;
    const perImage = numbersPerImage + kernelSize;
    const numbers = tf.tensor2d(imageNumbers(parameters, kernelSize), [batch, perImage]);
    const slices = Math.min(mostSlices, Math.ceil((height * width) / (4 * sumWorkgroup)));
    const text = recolourShader(pixels.dtype === 'int32', kernelSize);
    const common = { height, width, perImage };
    const { sums } = runWebgpuProgram({
      name: 'mean grey',
      inputs: { pixels, numbers },
      outputs: { sums: { shape: [batch, slices] } },
      integers: { ...common, slices },
      workgroupSize: sumWorkgroup,
      workgroups: [slices, batch, 1],
      shader: () => text.greySums(sumWorkgroup),
    });
    const [red, green, blue] = standardDeviation.map((deviation) => 1 / deviation) as [
      number,
      number,
      number,
    ];
    const { views } = runWebgpuProgram({
      name: 'photometric augmentation',
      variant: `${kernelSize}`,
      inputs: { pixels, numbers, sums },
      outputs: { views: { shape: [batch, height, width, 3] } },
      integers: { ...common, slices },
      floats: {
        red,
        green,
        blue,
        redOffset: -mean[0] * red,
        greenOffset: -mean[1] * green,
        blueOffset: -mean[2] * blue,
      },
      workgroupSize: tileSide * tileSide,
      workgroups: [Math.ceil(width / tileSide), Math.ceil(height / tileSide), batch],
      shader: () => text.recolour(),
    });
    return views as tf.Tensor4D;
  });
}

/** As the shader reads them; see `numbersPerImage`. */
function imageNumbers(parameters: readonly PhotometricParameters[], kernelSize: number): Float32Array {
  const stride = numbersPerImage + kernelSize;
  const numbers = new Float32Array(parameters.length * stride);
  for (const [image, entry] of parameters.entries()) {
    const { brightness, contrast, saturation, hue, grayscale, blurSigma, solarizeThreshold } = entry;
    // A little lower, since a device may divide by 255 with an error of its own, and a byte may be the threshold.
    const threshold = solarizeThreshold === null ? 2 : solarizeThreshold - 5e-7;
    const radius = blurSigma === 0 ? 0 : (kernelSize - 1) / 2;
    numbers.set(
      [brightness, contrast, saturation, 6 * hue, Number(grayscale), threshold, radius],
      image * stride,
    );
    const taps = radius === 0 ? [1] : gaussianTaps(blurSigma, kernelSize);
    numbers.set(taps, image * stride + numbersPerImage);
  }
  return numbers;
}
