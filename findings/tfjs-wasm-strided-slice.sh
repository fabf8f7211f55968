#!/usr/bin/env bash
# Every second whole number, or whole numbers backwards, in TensorFlow.js on WebAssembly.
#
# The good guess: tf.stridedSlice of int32 gives int32, as on the other backends and as its float32 does.
# What happens: with any stride but 1 it gives float32 with the bits of the integers, which read as numbers near 1e-45:
# zeros to whoever rounds, prints a few digits or compares with a tolerance. The kernel makes its output
# as 'float32' whatever it is given (dist/kernels/StridedSlice.js). float32 is right, and so is tf.reverse of int32.
#
# @tensorflow/tfjs-backend-wasm 4.22.0 from npm, Node 20.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --ignore-scripts --no-audit --no-fund --save-exact \
  @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0
cat > run.cjs <<'JS'
const assert = require('node:assert/strict');
const tf = require('@tensorflow/tfjs-core');
const { version_wasm: version } = require('@tensorflow/tfjs-backend-wasm');

async function main() {
  assert(await tf.setBackend('wasm'), 'the backend did not start');
  console.log('tfjs-backend-wasm', version);
  for (const [begin, end, stride, right] of [
    [3, 0, -1, [4, 3, 2]],
    [0, 4, 2, [1, 3]],
  ]) {
    const cut = (dtype) => tf.stridedSlice(tf.tensor1d([1, 2, 3, 4], dtype), [begin], [end], [stride]);
    assert.deepEqual([...(await cut('float32').data())], right, 'float32 is wrong, too');
    const y = cut('int32');
    const values = await y.data();
    const seen = [...values].map((v) => v.toPrecision(2)).join(' ');
    console.log(`int32, stride ${stride}: ${y.dtype} ${seen}; right is int32 ${right.join(' ')}`);
    assert.equal(y.dtype, 'float32', 'stridedSlice of int32 has become int32');
    assert.deepEqual([...new Int32Array(values.slice().buffer)], right, 'the bits are not those of the integers');
  }
}
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
JS
node run.cjs
