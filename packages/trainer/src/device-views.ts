import { type Augmentation, applyPhotometricToBytes } from '@pixcon/augment';
import type { View, ViewPair } from '@pixcon/core';
import type { HostBatch, HostView } from './two-view-loader.ts';

/** Uploads a batch and applies its photometric operations. The caller disposes the images. */
export function deviceViews(batch: HostBatch, augmentation: Augmentation): ViewPair {
  const { mean, standardDeviation } = augmentation;
  const view = ({ pixels, photometric, geometry }: HostView, side: number): View => {
    const size = { height: side, width: side };
    const images = applyPhotometricToBytes(pixels, photometric, { ...size, mean, standardDeviation });
    return { images, geometry };
  };
  const { size, views, instances, names } = batch;
  return {
    views: [view(views[0], size), view(views[1], size)],
    ...(instances && { instances: view(instances, instances.size) }),
    names,
  };
}

export function disposeViews({ views, instances }: ViewPair): void {
  for (const { images } of views) images.dispose();
  instances?.images.dispose();
}
