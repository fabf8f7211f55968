export { type LarsOptions, lars } from './lars.ts';
export { type LossScale, type LossScaleOptions, lossScale } from './loss-scale.ts';
export { type SgdOptions, sgd } from './sgd.ts';
