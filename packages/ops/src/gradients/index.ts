import type * as tf from '@tensorflow/tfjs-core';
import { activationGradients } from './activations.ts';
import { constantGradients } from './constant.ts';
import { einsumGradient } from './einsum.ts';
import { elementwiseGradients } from './elementwise.ts';
import { indexingGradients } from './indexing.ts';
import { rearrangingGradients } from './rearranging.ts';
import { reductionGradients } from './reductions.ts';
import { structuralGradients } from './structural.ts';
import { windowGradients } from './windows.ts';

/** The gradient of every kernel of tfjs that has one. A function, so that importing the package runs nothing. */
export function gradientTable(): readonly tf.GradConfig[] {
  return [
    ...elementwiseGradients(),
    ...activationGradients(),
    ...constantGradients(),
    ...reductionGradients(),
    ...structuralGradients(),
    { kernelName: 'Einsum', saveAllInputs: true, gradFunc: einsumGradient },
    ...rearrangingGradients(),
    ...indexingGradients(),
    ...windowGradients(),
  ];
}
