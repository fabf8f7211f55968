import { type BackendName, startBackend } from '@pixcon/backend';
import { startStockWasm } from './stock-wasm.ts';

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
  if (stock) return { name: 'wasm', description: await startStockWasm() };
  return await startBackend(backend, threads === undefined ? {} : { threads });
}
