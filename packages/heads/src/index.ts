export { denseHead } from './dense-head.ts';
export { globalHead } from './global-head.ts';
export { type PredictorOptions, predictor } from './predictor.ts';
export { type HeadOptions, projectionHead } from './projection-head.ts';
export { type SimSiamProjectorOptions, simSiamProjector } from './sim-siam-projector.ts';
