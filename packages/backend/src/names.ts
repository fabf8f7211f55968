/**
 * Every backend, fastest first; `'auto'` tries them in this order.
 *
 * - `tensorflow-gpu`: libtensorflow with CUDA, through tfjs-node-gpu or an installation of pixcon's own
 * - `webgpu`: WebGPU, in a browser or through the npm package `webgpu`
 * - `tensorflow`: libtensorflow through whichever tfjs-node is found
 * - `wasm`: WebAssembly with SIMD and threads
 * - `cpu`: plain JavaScript; for tests, far too slow for training
 */
export const backendNames = ['tensorflow-gpu', 'webgpu', 'tensorflow', 'wasm', 'cpu'] as const;

/** The name of a backend; see {@link backendNames}. */
export type BackendName = (typeof backendNames)[number];
