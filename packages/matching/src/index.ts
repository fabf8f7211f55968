export { alignOverlap } from './align-overlap.ts';
export { type CoordinateMatchingOptions, coordinateMatching } from './coordinate-matching.ts';
export { type DistanceOptions, distanceMatching, distancePairs } from './distance-matching.ts';
export { type MaskRule, overlapMask } from './overlap-mask.ts';
export { type SemanticReweightingOptions, semanticReweighting } from './semantic-reweighting.ts';
export { similarityMatching } from './similarity-matching.ts';
