import { defaultClientConditions, defineConfig } from 'vite';
import { wasmFiles, wasmThreads } from './wasm-files.ts';

/** With these, a page may share memory between threads, and WebAssembly uses several. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

// biome-ignore lint/style/noDefaultExport: Vite takes it
export default defineConfig({
  // Works in any folder of a server.
  base: './',
  plugins: [wasmFiles()],
  // The sources of the packages in this repository: nothing has to be built.
  resolve: { conditions: ['@pixcon/source', ...defaultClientConditions] },
  // Found before the page is first opened: found later, they would reload it.
  optimizeDeps: { entries: ['index.html', 'worker/main.ts'] },
  server: { headers: isolation },
  preview: { headers: isolation },
  // Workers are bundled on their own.
  worker: { format: 'es', plugins: () => [wasmThreads()] },
  build: { target: 'es2022', chunkSizeWarningLimit: 2000 },
});
