import { type Augmentation, applyPhotometric } from '@pixcon/augment';
import type { View, ViewPair } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import type { HostBatch, HostView } from './two-view-loader.ts';

/** Uploads a batch and applies its photometric operations on the device. The caller disposes the images. */
export function deviceViews(batch: HostBatch, augmentation: Augmentation): ViewPair {
  const view = (host: HostView): View => {
    const shape: [number, number, number, number] = [host.geometry.length, batch.size, batch.size, 3];
    const { mean, standardDeviation } = augmentation;
    const images = tf.tidy(() =>
      applyPhotometric(tf.tensor4d(toUnit(host.pixels), shape), host.photometric, {
        mean,
        standardDeviation,
      }),
    );
    return { images, geometry: host.geometry };
  };
  return { views: [view(batch.views[0]), view(batch.views[1])], names: batch.names };
}

/** Bytes as [0, 1]. On the host: uploading bytes would make int32 of them first. */
function toUnit(bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) values[i] = (bytes[i] as number) / 255;
  return values;
}

export function disposeViews(pair: ViewPair): void {
  for (const { images } of pair.views) images.dispose();
}
