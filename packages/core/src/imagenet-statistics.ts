/** One value per channel: red, green, blue. */
export type ChannelValues = readonly [number, number, number];

/** Mean of ImageNet's pixels in [0, 1]. Source: torchvision's pre-trained models. */
export const imagenetMean: ChannelValues = [0.485, 0.456, 0.406];

/** Standard deviation of ImageNet's pixels in [0, 1]. Source: torchvision's pre-trained models. */
export const imagenetStandardDeviation: ChannelValues = [0.229, 0.224, 0.225];
