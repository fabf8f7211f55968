export { denseHead, type ProjectionHeadOptions, predictor, projectionHead } from './projection-head.ts';
