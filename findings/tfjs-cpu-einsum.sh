#!/usr/bin/env bash
# Einsum that sums over an index of one factor and over a shared one, in TensorFlow.js.
#
# The good guess: tf.einsum('ijk,kl->jl', x, y) sums over i and k, as NumPy's does, or says that it cannot.
# What happens: a result of another shape and other numbers, without an error. A factor that enters only after an
# index was summed is placed by the numbering of the indices before it (getEinsumPermutation in tfjs-core's
# dist/backends/einsum_util.js), so that its axes miss those of the other. Summing i first gives the right numbers.
#
# @tensorflow/tfjs-backend-cpu 4.22.0 from npm, Node 20. The expected values follow from the definition: of ones
# [2, 2, 3] and [3, 2], each of the 2 x 2 is a sum of 2 * 3 ones.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --ignore-scripts --no-audit --no-fund --save-exact \
  @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0
cat > run.cjs <<'JS'
const assert = require('node:assert/strict');
const tf = require('@tensorflow/tfjs-core');
const { version_cpu: version } = require('@tensorflow/tfjs-backend-cpu');

async function main() {
  assert(await tf.setBackend('cpu'), 'the backend did not start');
  console.log('tfjs-backend-cpu', version);
  const x = tf.ones([2, 2, 3]);
  const y = tf.ones([3, 2]);
  const show = async (t) => `[${t.shape}] of ${[...(await t.data())].join(' ')}`;

  const inSteps = await show(tf.einsum('jk,kl->jl', tf.sum(x, 0), y));
  assert.equal(inSteps, '[2,2] of 6 6 6 6');
  const atOnce = await show(tf.einsum('ijk,kl->jl', x, y));
  console.log(`ijk,kl->jl: ${atOnce}; right is ${inSteps}`);
  assert.equal(atOnce, '[1,2,3] of 2 2 2 2 2 2', 'einsum has changed');
}
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
JS
node run.cjs
