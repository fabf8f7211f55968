import { type ParameterSpec, RandomStream } from '@pixcon/core';

/** What a parameter starts with. */
export function initialValues(spec: ParameterSpec | undefined, seed: number): number[] {
  if (!spec) throw new Error('there is no such parameter');
  const random = new RandomStream(seed);
  const length = spec.shape.reduce((product, size) => product * size, 1);
  return Array.from({ length }, (_, index) => spec.initialize(random, index));
}
