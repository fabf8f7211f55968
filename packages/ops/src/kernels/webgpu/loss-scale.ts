import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { ownMemory, ownsMemory } from './owned-memory.ts';
import { batches, runTogether } from './parts.ts';
import { runWebgpuProgram } from './run-program.ts';

/** A loss scale that never leaves the device: no step waits to learn whether its gradients are finite. */
export const webgpuLossScale: Pick<Kernels, 'unscaleGradients' | 'adaptLossScale'> = {
  unscaleGradients(gradients, state, overflow) {
    ownMemory(overflow);
    // A parameter under two names may have one tensor for both.
    const owned = gradients.map((gradient, i) => {
      if (ownsMemory(gradient) && gradients.indexOf(gradient) === i) return gradient;
      return tf.mul(gradient, 1);
    });
    for (const gradient of gradients) if (!owned.includes(gradient)) gradient.dispose();
    for (const batch of batches(owned, 1, ({ size }) => size, 2)) {
      runTogether(
        'unscale gradients',
        batch.map((gradient) => ({ size: gradient.size, inputs: {}, outputs: { gradient } })),
        {},
        ({ gradient }) => `
        let value = ${gradient}[at] / state[0];
        ${gradient}[at] = value;
        // By the bits, since a compiler may take it that every number is finite. All who write write the same.
        let bits = bitcast<${batch.every(({ size }) => size % 4 === 0) ? 'vec4<u32>' : 'u32'}>(value);
        if (any((bits & ${mask(batch)}) == ${mask(batch)})) { overflow[0] = 1.0; }`,
        { inputs: { state }, outputs: { overflow } },
      );
    }
    return owned;
  },

  adaptLossScale(state, overflow, { growthFactor, backoffFactor, growthInterval }) {
    ownMemory(state);
    ownMemory(overflow);
    runWebgpuProgram({
      name: 'adapt loss scale',
      inputs: {},
      outputs: { state: { inPlace: state }, overflow: { inPlace: overflow } },
      floats: { growthFactor, backoffFactor, growthInterval },
      workgroups: 1,
      shader: () => ({
        body: `if (index == 0) {
          if (overflow[0] != 0.0) {
            state[0] *= uniforms.backoffFactor;
            state[1] = 0.0;
          } else {
            state[1] += 1.0;
            if (state[1] >= uniforms.growthInterval) {
              // As long as it is finite, by a wide margin.
              if (state[0] < 1e30) { state[0] *= uniforms.growthFactor; }
              state[1] = 0.0;
            }
          }
          overflow[0] = 0.0;
        }`,
      }),
    });
  },
};

/** The exponent's bits of float32: all set where a number is not finite. */
function mask(batch: readonly tf.Tensor[]): string {
  return batch.every(({ size }) => size % 4 === 0) ? 'vec4<u32>(0x7f800000u)' : '0x7f800000u';
}
