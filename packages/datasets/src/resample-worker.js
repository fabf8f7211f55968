// @ts-check
// The thread that resizes crops: plain JavaScript, because Node starts it from its file as it is.
import { parentPort } from 'node:worker_threads';

/**
 * @typedef {object} ResampleRequest
 * @property {number} id
 * @property {Uint8Array} data the crop, interleaved RGB
 * @property {number} width
 * @property {number} height
 * @property {number} size
 * @property {boolean} flipped
 */

/**
 * Pillow's bilinear weights with antialiasing: for each new pixel, the first source pixel and its weights.
 *
 * @param {number} length
 * @param {number} size
 * @returns {{ starts: Int32Array, counts: Int32Array, weights: Float32Array, stride: number }}
 */
function axisWeights(length, size) {
  const scale = length / size;
  const reach = Math.max(scale, 1);
  const stride = Math.ceil(reach) * 2 + 1;
  const starts = new Int32Array(size);
  const counts = new Int32Array(size);
  const weights = new Float32Array(size * stride);
  for (let cell = 0; cell < size; cell++) {
    const centre = (cell + 0.5) * scale;
    const start = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(length, Math.floor(centre + reach + 0.5));
    let total = 0;
    for (let pixel = start; pixel < end; pixel++) {
      total += Math.max(0, 1 - Math.abs(pixel + 0.5 - centre) / reach);
    }
    for (let pixel = start; pixel < end; pixel++) {
      weights[cell * stride + pixel - start] =
        Math.max(0, 1 - Math.abs(pixel + 0.5 - centre) / reach) / total;
    }
    starts[cell] = start;
    counts[cell] = end - start;
  }
  return { starts, counts, weights, stride };
}

/**
 * Rows first, then columns, in floating point; rounded once, at the end.
 *
 * @param {ResampleRequest} request
 * @returns {Uint8Array} `[size × size × 3]`
 */
function resample({ data, width, height, size, flipped }) {
  const across = axisWeights(width, size);
  const rows = new Float32Array(height * size * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < size; x++) {
      const first = across.starts[x] ?? 0;
      const count = across.counts[x] ?? 0;
      let at = (y * width + first) * 3;
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let tap = x * across.stride, end = tap + count; tap < end; tap++) {
        const weight = across.weights[tap] ?? 0;
        red += weight * (data[at] ?? 0);
        green += weight * (data[at + 1] ?? 0);
        blue += weight * (data[at + 2] ?? 0);
        at += 3;
      }
      const to = (y * size + (flipped ? size - 1 - x : x)) * 3;
      rows[to] = red;
      rows[to + 1] = green;
      rows[to + 2] = blue;
    }
  }
  const down = axisWeights(height, size);
  const line = size * 3;
  const sums = new Float32Array(line);
  const result = new Uint8Array(size * line);
  for (let y = 0; y < size; y++) {
    sums.fill(0);
    const first = down.starts[y] ?? 0;
    const count = down.counts[y] ?? 0;
    for (let tap = 0; tap < count; tap++) {
      const weight = down.weights[y * down.stride + tap] ?? 0;
      const from = (first + tap) * line;
      for (let i = 0; i < line; i++) sums[i] = (sums[i] ?? 0) + weight * (rows[from + i] ?? 0);
    }
    for (let i = 0; i < line; i++) result[y * line + i] = (sums[i] ?? 0) + 0.5;
  }
  return result;
}

parentPort?.on('message', (/** @type {ResampleRequest} */ request) => {
  const data = resample(request);
  parentPort?.postMessage({ id: request.id, data }, [/** @type {ArrayBuffer} */ (data.buffer)]);
});
