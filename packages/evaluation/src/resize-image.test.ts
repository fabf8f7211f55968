import { RandomStream } from '@pixcon/core';
import { describeBackends, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { resizeImage } from './resize-image.ts';

extendExpect();

function noise(height: number, width: number) {
  const random = new RandomStream(1);
  const data = Uint8Array.from({ length: height * width * 3 }, () => random.integer(0, 256));
  return { data, width, height };
}

/** Σ w(x) w(y) pixel / Σ w(x) w(y), with triangles as wide as the reduction, pixel by pixel. */
function naive(image: ReturnType<typeof noise>, height: number, width: number): number[] {
  const scale = { x: image.width / width, y: image.height / height };
  const triangle = (distance: number, axis: number) =>
    Math.max(0, 1 - Math.abs(distance) / Math.max(1, axis));
  const result: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        let total = 0;
        for (let v = 0; v < image.height; v++) {
          for (let u = 0; u < image.width; u++) {
            const weight =
              triangle(u + 0.5 - (x + 0.5) * scale.x, scale.x) *
              triangle(v + 0.5 - (y + 0.5) * scale.y, scale.y);
            sum += weight * (image.data[(v * image.width + u) * 3 + channel] as number);
            total += weight;
          }
        }
        result.push(sum / total);
      }
    }
  }
  return result;
}

describe('resizeImage', () => {
  it('leaves an image of the right size as it is', () => {
    const image = noise(5, 7);
    expect(resizeImage(image, 5, 7)).toBeAllClose([...image.data]);
  });

  it.each([
    [4, 4],
    [3, 5],
    [13, 9],
    [1, 1],
    [20, 2],
  ])('averages triangles: 9×12 to %i×%i', (height, width) => {
    const image = noise(9, 12);
    expect(resizeImage(image, height, width)).toBeAllClose(naive(image, height, width), { absolute: 1e-3 });
  });
});

describeBackends('resizeImage', () => {
  it('enlarges as bilinear interpolation does', async () => {
    const image = noise(6, 4);
    const expected = tf.tidy(() =>
      tf.image.resizeBilinear(tf.tensor3d([...image.data], [6, 4, 3]), [11, 9], false, true),
    );
    expect(resizeImage(image, 11, 9)).toBeAllClose(await expected.data(), { absolute: 1e-2 });
    expected.dispose();
  });
});
