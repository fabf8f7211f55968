import { describe, expect, it } from 'vitest';
import { withAllStorageBuffers } from './storage-buffers.ts';

class Adapter {
  readonly limits = { maxStorageBuffersPerShaderStage: 12 };
  requestDevice(descriptor?: object): Promise<object> {
    return Promise.resolve({ descriptor });
  }
}

class Gpu {
  requestAdapter(): Promise<Adapter | null> {
    return Promise.resolve(new Adapter());
  }
}

describe('withAllStorageBuffers', () => {
  it('asks for what the adapter has, beside what is asked for', async () => {
    const gpu = new Gpu();
    const device = await withAllStorageBuffers(gpu, async () =>
      (await gpu.requestAdapter())?.requestDevice({ label: 'a', requiredLimits: { maxBufferSize: 5 } }),
    );
    expect(device).toEqual({
      descriptor: { label: 'a', requiredLimits: { maxBufferSize: 5, maxStorageBuffersPerShaderStage: 12 } },
    });
  });

  it('lets go of the method afterwards, also when the work fails', async () => {
    const gpu = new Gpu();
    await expect(withAllStorageBuffers(gpu, () => Promise.reject(new Error('no device')))).rejects.toThrow(
      'no device',
    );
    expect(Object.keys(gpu)).toEqual([]);
    expect(await (await gpu.requestAdapter())?.requestDevice()).toEqual({ descriptor: undefined });
  });

  it('hands on that there is no adapter', async () => {
    const gpu = { requestAdapter: () => Promise.resolve(null) };
    expect(await withAllStorageBuffers(gpu, () => gpu.requestAdapter())).toBeNull();
  });
});
