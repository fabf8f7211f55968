export { type LarsOptions, lars } from './lars.ts';
export { type SgdOptions, sgd } from './sgd.ts';
