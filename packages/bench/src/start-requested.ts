import { type BackendName, startBackend } from '@pixcon/backend';
import { startStockWasm } from './stock-wasm.ts';
import { startStockWebgpu } from './stock-webgpu.ts';

interface Requested {
  readonly backend: BackendName;
  readonly threads?: number;
  readonly stock?: boolean;
}

/** Starts what a request asks for; its name, and what runs in words. */
export async function startRequested({
  backend,
  threads,
  stock,
}: Requested): Promise<{ name: string; description: string }> {
  if (stock) {
    const start = backend === 'webgpu' ? startStockWebgpu : startStockWasm;
    return { name: backend, description: await start() };
  }
  return await startBackend(backend, threads === undefined ? {} : { threads });
}
