import type { BackendName } from '../names.ts';

/** Settings of single backends. */
export interface StartBackendOptions {
  /**
   * URL prefix of the three `tfjs-backend-wasm*.wasm` files. Default: the installed package's `dist` folder under
   * Node, beside the bundle in a browser.
   */
  readonly wasmPath?: string;
  /**
   * Threads of `wasm`, 1 to 8. Default: as many as run at once here; in a browser half of that, 4 at most, but 1 on a
   * page that is not cross-origin isolated, and 1 in a minified bundle, which breaks threads unless it was made with
   * care. The first start of a process decides.
   */
  readonly threads?: number;
}

/** Why a backend cannot start, and what to do about it. */
export interface Obstacle {
  /** Part of a sentence: `no NVIDIA card was found`. */
  readonly reason: string;
  /** Goes after "to use it, ". */
  readonly remedy: string;
}

/** One way of running tensors, and what it takes. */
export interface Candidate {
  readonly name: BackendName;
  /**
   * What keeps it from starting, as far as can be told without loading it; `undefined` where it should start.
   *
   * @param forced asked for by name: software adapters are allowed then
   */
  obstacle(forced: boolean): Promise<Obstacle | undefined>;
  /**
   * Makes it the active tfjs backend, and describes it (`TensorFlow 2.21 CPU, 2 threads`).
   *
   * @throws Error whose message is the reason why it did not start
   */
  start(options: StartBackendOptions): Promise<string>;
}
