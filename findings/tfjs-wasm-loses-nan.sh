#!/usr/bin/env bash
# NaN in tfjs-backend-wasm.
#
# The good guess: NaN goes through relu, maximum, clipByValue and maxPool, as on other backends; or it is always lost,
# so that a test with tf.fill([n], NaN) shows what happens.
# What happens: relu keeps the NaN that JavaScript writes (sign bit clear) and makes 0 of the one that the processor's
# own arithmetic makes on x86 (0/0, sign bit set), so that such a test passes and real ones die. maximum(0, NaN) is 0
# and maximum(NaN, 0) NaN; clipByValue and maxPool lose both, and maxPool of nothing but NaN is -Infinity.
#
# @tensorflow/tfjs-backend-wasm 4.22.0 (XNNPACK's minimum, maximum and clamp compare, and take the other side).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0
cat >run.cjs <<'JS'
const assert = require('node:assert/strict');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-wasm');
tf.setBackend('wasm').then(() => {
  const read = (tensor) => tensor.dataSync()[0];
  const results = (x) => ({
    relu: read(tf.relu(x)),
    'maximum(x, 0)': read(tf.maximum(x, 0)),
    'maximum(0, x)': read(tf.maximum(0, x)),
    clipByValue: read(tf.clipByValue(x, -1, 1)),
    maxPool: read(tf.maxPool(tf.reshape(x, [2, 2, 1]), 2, 2, 'valid')),
  });
  const written = results(tf.fill([4], NaN));
  const computed = results(tf.div(tf.zeros([4]), tf.zeros([4])));
  console.log('tfjs-backend-wasm', require('@tensorflow/tfjs-backend-wasm').version_wasm);
  console.table({ 'NaN written by JavaScript': written, 'NaN of 0/0': computed });
  const lost = { 'maximum(x, 0)': NaN, 'maximum(0, x)': 0, maxPool: -Infinity };
  for (const each of [written, computed]) {
    for (const [name, value] of Object.entries(lost)) assert.equal(each[name], value, name);
    assert.ok(Number.isFinite(each.clipByValue), 'clipByValue keeps NaN');
  }
  assert.ok(Number.isNaN(written.relu), 'relu loses the NaN of JavaScript');
  if (process.arch === 'x64') assert.equal(computed.relu, 0, 'relu keeps the NaN of 0/0');
});
JS
node run.cjs
