export { chanceLevel } from './chance-level.ts';
export { cosineRegression } from './cosine-regression.ts';
export { featureDeviation } from './feature-deviation.ts';
export { type InfoNceOptions, infoNce } from './info-nce.ts';
export { negativeCosine } from './negative-cosine.ts';
