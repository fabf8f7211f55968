// @ts-check
// The thread that resizes crops: plain JavaScript, because Node starts it from its file as it is.
import { parentPort, workerData } from 'node:worker_threads';

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
 * @typedef {object} Axis
 * @property {Int32Array} starts for each new pixel, the first source pixel
 * @property {Int32Array} counts for each new pixel, how many source pixels weigh in
 * @property {Float32Array} weights `stride` for each new pixel
 * @property {number} stride
 */

/** A crop that needs more is resized in memory that is given back at once. */
const keptBytes = 64 * 2 ** 20;
/** The kernel reads and writes up to 16 bytes or floats too far. */
const margin = 64;

/** What the kernel exports. Any: the types of WebAssembly come with a browser's alone. @type {any} */
let kernel;

function instantiate() {
  const { WebAssembly } = /** @type {any} */ (globalThis);
  return new WebAssembly.Instance(new WebAssembly.Module(workerData), {}).exports;
}

/**
 * Pillow's bilinear weights with antialiasing.
 *
 * @param {number} length
 * @param {number} size
 * @param {boolean} mirrored
 * @returns {Axis}
 */
function axisWeights(length, size, mirrored) {
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
    const to = mirrored ? size - 1 - cell : cell;
    for (let pixel = start; pixel < end; pixel++) {
      weights[to * stride + pixel - start] = Math.max(0, 1 - Math.abs(pixel + 0.5 - centre) / reach) / total;
    }
    starts[to] = start;
    counts[to] = end - start;
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
  kernel ??= instantiate();
  const { memory } = kernel;
  const down = axisWeights(height, size, false);
  const across = axisWeights(width, size, flipped);

  let end = kernel.__heap_base.value;
  /** @param {number} bytes */
  const reserve = (bytes) => {
    const start = Math.ceil(end / 16) * 16;
    end = start + bytes + margin;
    return start;
  };
  const image = reserve(data.length);
  const result = reserve(size * size * 3);
  const line = reserve(width * 3 * 4);
  const axes = [down, across].map(({ starts, counts, weights, stride }) => ({
    parts: [starts, counts, weights].map((part) => ({ part, at: reserve(part.byteLength) })),
    stride,
  }));
  const lacking = end - memory.buffer.byteLength;
  if (lacking > 0) memory.grow(Math.ceil(lacking / 65_536));

  const bytes = new Uint8Array(memory.buffer);
  bytes.set(data, image);
  for (const { part, at } of axes.flatMap(({ parts }) => parts)) {
    bytes.set(new Uint8Array(part.buffer), at);
  }
  const tables = axes.flatMap(({ parts, stride }) => [...parts.map(({ at }) => at), stride]);
  kernel.resample(image, width, size, result, line, ...tables);
  if (end > keptBytes) kernel = undefined;
  return bytes.slice(result, result + size * size * 3);
}

parentPort?.on('message', (/** @type {ResampleRequest} */ request) => {
  const data = resample(request);
  parentPort?.postMessage({ id: request.id, data }, [/** @type {ArrayBuffer} */ (data.buffer)]);
});
