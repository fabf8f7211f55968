interface Adapter {
  readonly limits: { readonly maxStorageBuffersPerShaderStage: number };
  requestDevice(descriptor?: Descriptor): Promise<object>;
}

interface Descriptor {
  readonly requiredLimits?: Readonly<Record<string, number>>;
}

interface Gpu {
  requestAdapter(options?: object): Promise<object | null>;
}

/**
 * Runs `work`, in which devices are made with as many storage buffers in a shader as their adapter has. tfjs leaves
 * it at eight; with more of them fewer shaders update the parameters of a network.
 */
export async function withAllStorageBuffers<T>(gpu: object, work: () => Promise<T>): Promise<T> {
  const source = gpu as Gpu;
  const { requestAdapter } = source;
  const own = Object.hasOwn(source, 'requestAdapter');
  source.requestAdapter = async (options) => {
    const adapter = (await requestAdapter.call(source, options)) as Adapter | null;
    if (adapter) raiseLimit(adapter);
    return adapter;
  };
  try {
    return await work();
  } finally {
    // The method of its class shows again.
    if (own) source.requestAdapter = requestAdapter;
    else Reflect.deleteProperty(source, 'requestAdapter');
  }
}

function raiseLimit(adapter: Adapter): void {
  const { requestDevice } = adapter;
  const { maxStorageBuffersPerShaderStage } = adapter.limits;
  adapter.requestDevice = (descriptor = {}) =>
    requestDevice.call(adapter, {
      ...descriptor,
      requiredLimits: { ...descriptor.requiredLimits, maxStorageBuffersPerShaderStage },
    });
}
