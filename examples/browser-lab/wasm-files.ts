import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const require = createRequire(import.meta.url);
const variants = ['', '-simd', '-threaded-simd'];
const factory = 'function(WasmBackendModuleThreadedSimd) {';

/** Serves the `.wasm` files of tfjs-backend-wasm below `wasm/`, where `startBackend` gets its `wasmPath`. */
export function wasmFiles(): Plugin {
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
  const files = variants.map((variant) => `tfjs-backend-wasm${variant}.wasm`);
  return {
    name: 'wasm-files',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = files.find((file) => request.url?.split('?')[0]?.endsWith(`/wasm/${file}`));
        if (name === undefined) return next();
        readFile(join(folder, name)).then((bytes) => {
          response.setHeader('Content-Type', 'application/wasm');
          response.end(bytes);
        }, next);
      });
    },
    async generateBundle() {
      for (const name of files) {
        const source = await readFile(join(folder, name));
        this.emitFile({ type: 'asset', fileName: `wasm/${name}`, source });
      }
    },
  };
}

/**
 * Threads start from the text of one function, which reads a variable outside of it that a minifier renames: here it
 * gets one of its own. Without it, threads fail with "is not defined", and the start waits for ever.
 */
export function wasmThreads(): Plugin {
  return {
    name: 'wasm-threads',
    transform(code, id) {
      if (!id.includes('tfjs-backend-wasm-threaded-simd.js')) return undefined;
      if (!code.includes(factory)) throw new Error('tfjs-backend-wasm has changed: see wasmThreads');
      return { code: code.replace(factory, `${factory} var _scriptDir;`), map: null };
    },
  };
}
