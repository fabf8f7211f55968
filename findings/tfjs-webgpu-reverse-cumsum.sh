#!/usr/bin/env bash
# Cumulative sums and products from the end, in TensorFlow.js on WebGPU.
#
# The good guess: tf.cumsum(x, axis, exclusive, true) and tf.cumprod depend on their arguments alone.
# What happens: they depend on the calls before. The length of the axis is written into the shader of a reversed one,
# and the key that finds it among the compiled ones lacks it (shaderKey in dist/cum_webgpu.js). The first length is
# right, each other one is silently wrong for as long as the backend lives. Forward ones need no length, and are right.
#
# @tensorflow/tfjs-backend-webgpu 4.22.0 with webgpu 0.6.2 (Dawn for Node) from npm, Node 20. Takes a WebGPU adapter;
# without a graphics card VK_DRIVER_FILES chooses SwiftShader, whose vk_swiftshader_icd.json comes with Chromium.
# Exits with 2 where there is none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --ignore-scripts --no-audit --no-fund --save-exact \
  @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 @tensorflow/tfjs-backend-webgpu@4.22.0 webgpu@0.6.2
cat > run.mjs <<'JS'
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
globalThis.navigator ??= {};
Object.defineProperty(navigator, 'gpu', { value: create([]), configurable: true });
const adapter = await navigator.gpu.requestAdapter();
if (!adapter) {
  console.log('No WebGPU adapter was found, so nothing was tried.');
  process.exit(2);
}
const require = createRequire(import.meta.url);
// Looks for navigator.gpu when it is loaded.
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-webgpu');
const { version } = require('@tensorflow/tfjs-backend-webgpu/package.json');
assert(await tf.setBackend('webgpu'), 'the backend did not start');
console.log('tfjs-backend-webgpu', version, 'on', adapter.info.description);

async function numbers(run) {
  const y = run();
  const values = [...(await y.data())];
  y.dispose();
  return values;
}

for (const [name, run, right] of [
  ['cumsum', (n, reverse) => tf.cumsum(tf.ones([n]), 0, false, reverse), (n) => n],
  ['exclusive cumsum', (n, reverse) => tf.cumsum(tf.ones([n]), 0, true, reverse), (n) => n - 1],
  ['cumprod', (n, reverse) => tf.cumprod(tf.fill([n], 2), 0, false, reverse), (n) => 2 ** n],
]) {
  const expected = (n) => Array.from({ length: n }, (_, i) => right(n - i));
  const forward = (n) => expected(n).reverse();
  for (const n of [8, 4]) assert.deepEqual(await numbers(() => run(n, false)), forward(n), `forward ${name}`);
  assert.deepEqual(await numbers(() => run(8, true)), expected(8), `the first reversed ${name}`);
  const second = await numbers(() => run(4, true));
  console.log(`reversed ${name} of 8, then of 4: ${second.join(' ')}; right is ${expected(4).join(' ')}`);
  assert.notDeepEqual(second, expected(4), `reversed ${name} of a second length has become right`);
}
process.exit(0);
JS
node run.mjs
