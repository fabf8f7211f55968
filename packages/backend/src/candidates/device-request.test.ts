import { describe, expect, it } from 'vitest';
import { withWholeDevices } from './device-request.ts';

class Adapter {
  readonly limits = { maxStorageBuffersPerShaderStage: 12 };
  readonly features = new Set(['timestamp-query', 'subgroups', 'shader-f16']);
  requestDevice(descriptor?: object): Promise<object> {
    return Promise.resolve({ descriptor });
  }
}

class Gpu {
  requestAdapter(): Promise<Adapter | null> {
    return Promise.resolve(new Adapter());
  }
}

describe('withWholeDevices', () => {
  it('asks for what the adapter has, beside what is asked for', async () => {
    const gpu = new Gpu();
    const device = await withWholeDevices(gpu, async () =>
      (await gpu.requestAdapter())?.requestDevice({
        label: 'a',
        requiredLimits: { maxBufferSize: 5 },
        requiredFeatures: ['timestamp-query'],
      }),
    );
    expect(device).toEqual({
      descriptor: {
        label: 'a',
        requiredLimits: { maxBufferSize: 5, maxStorageBuffersPerShaderStage: 12 },
        requiredFeatures: ['timestamp-query', 'subgroups', 'shader-f16'],
      },
    });
  });

  it('asks for no features where there are none', async () => {
    const adapter = new Adapter();
    adapter.features.clear();
    const gpu = { requestAdapter: () => Promise.resolve(adapter) };
    const device = await withWholeDevices(gpu, async () => (await gpu.requestAdapter()).requestDevice());
    expect(device).toEqual({
      descriptor: { requiredLimits: { maxStorageBuffersPerShaderStage: 12 }, requiredFeatures: [] },
    });
  });

  it('lets go of the method afterwards, also when the work fails', async () => {
    const gpu = new Gpu();
    await expect(withWholeDevices(gpu, () => Promise.reject(new Error('no device')))).rejects.toThrow(
      'no device',
    );
    expect(Object.keys(gpu)).toEqual([]);
    expect(await (await gpu.requestAdapter())?.requestDevice()).toEqual({ descriptor: undefined });
  });

  it('hands on that there is no adapter', async () => {
    const gpu = { requestAdapter: () => Promise.resolve(null) };
    expect(await withWholeDevices(gpu, () => gpu.requestAdapter())).toBeNull();
  });
});
