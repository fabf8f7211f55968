export { constant } from './constant.ts';
export { type CosineMomentumOptions, cosineMomentum } from './cosine-momentum.ts';
export { type WarmupCosineOptions, warmupCosine } from './warmup-cosine.ts';
