import type { WebgpuBackend } from './backend.ts';

const patched = new WeakSet<WebgpuBackend>();
const written = new WeakSet<object>();

/**
 * Makes downloads of tensors that are written in place leave no copy on the host: tfjs would hand out what a download
 * brings that began before the last update.
 */
export function neverCache(backend: WebgpuBackend, dataIds: readonly object[]): void {
  for (const dataId of dataIds) written.add(dataId);
  if (patched.has(backend) || dataIds.length === 0) return;
  patched.add(backend);
  const cache = backend.convertAndCacheOnCPU.bind(backend);
  backend.convertAndCacheOnCPU = (dataId, values) => (written.has(dataId) ? values : cache(dataId, values));
}
