import type { BackendName } from '../names.ts';

/** How the WASM files are found and which adapters are taken; see the fields. */
export interface StartBackendOptions {
  /**
   * URL prefix of the three `tfjs-backend-wasm*.wasm` files. Default: the installed package's `dist` folder under
   * Node, beside the bundle in a browser.
   */
  readonly wasmPath?: string;
}

/** One way of running tensors, and what it takes. */
export interface Candidate {
  readonly name: BackendName;
  /** What to do where it is missing, for messages; goes after "to use it, ". */
  readonly remedy: string;
  /**
   * Why it cannot start, as far as can be told without loading it; `undefined` where it should start.
   *
   * @param forced asked for by name: software adapters are allowed then
   */
  obstacle(forced: boolean): Promise<string | undefined>;
  /**
   * Makes it the active tfjs backend, and describes it (`TensorFlow 2.21 CPU, 2 threads`).
   *
   * @throws Error whose message is the reason why it did not start
   */
  start(options: StartBackendOptions): Promise<string>;
}
