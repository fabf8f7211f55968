export { type ChannelValues, imagenetMean, imagenetStandardDeviation } from '@pixcon/core';
export { adjustBrightness } from './brightness.ts';
export { adjustContrast } from './contrast.ts';
export { type CropOptions, sampleCrop } from './crop.ts';
export { flipHorizontal } from './flip.ts';
export { blurKernelSize, type GaussianBlurOptions, gaussianBlur } from './gaussian-blur.ts';
export { toGrayscale } from './grayscale.ts';
export { adjustHue } from './hue.ts';
export { type InstanceCropOptions, type InstanceCrops, sampleInstanceCrops } from './instance-crops.ts';
export { normalize } from './normalize.ts';
export {
  applyPhotometric,
  type ColorJitterParameters,
  colorJitter,
  type PhotometricOptions,
} from './photometric.ts';
export { applyPhotometricToBytes, type PhotometricBytesOptions } from './photometric-bytes.ts';
export {
  type Augmentation,
  type AugmentationOverrides,
  byolAugmentation,
  mocoV2Augmentation,
} from './presets.ts';
export { type PhotometricParameters, samplePhotometric, type ViewRecipe } from './recipe.ts';
export { type ResizeOptions, resize, resizedCrop } from './resize.ts';
export { adjustSaturation } from './saturation.ts';
export { solarize } from './solarize.ts';
export { sampleTwoCrops, type TwoCropOptions } from './two-crops.ts';
