export {
  type AllCloseOptions,
  type AllCloseResult,
  allClose,
  type NestedNumbers,
  type TensorLike,
} from './all-close.ts';
export { type CheckGradientsOptions, checkGradients } from './check-gradients.ts';
export { type DescribeBackendsOptions, describeBackends } from './describe-backends.ts';
export { expectNoLeaks } from './expect-no-leaks.ts';
export { extendExpect } from './extend-expect.ts';
