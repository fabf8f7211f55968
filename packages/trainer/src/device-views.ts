import { type Augmentation, applyPhotometricToBytes } from '@pixcon/augment';
import type { View, ViewPair } from '@pixcon/core';
import type { HostBatch, HostView } from './two-view-loader.ts';

/** Uploads a batch and applies its photometric operations. The caller disposes the images. */
export function deviceViews(batch: HostBatch, augmentation: Augmentation): ViewPair {
  const view = (host: HostView): View => {
    const { mean, standardDeviation } = augmentation;
    const { pixels, photometric } = host;
    const size = { height: batch.size, width: batch.size };
    const images = applyPhotometricToBytes(pixels, photometric, { ...size, mean, standardDeviation });
    return { images, geometry: host.geometry };
  };
  return { views: [view(batch.views[0]), view(batch.views[1])], names: batch.names };
}

export function disposeViews(pair: ViewPair): void {
  for (const { images } of pair.views) images.dispose();
}
