interface Adapter {
  readonly limits: { readonly maxStorageBuffersPerShaderStage: number };
  readonly features: ReadonlySet<string>;
  requestDevice(descriptor?: Descriptor): Promise<object>;
}

interface Descriptor {
  readonly requiredLimits?: Readonly<Record<string, number>>;
  readonly requiredFeatures?: Iterable<string>;
}

interface Gpu {
  requestAdapter(options?: object): Promise<object | null>;
}

/** Features that our kernels use. */
const features = ['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix'];

/**
 * Runs `work`, in which devices are made with what our kernels use of their adapter and tfjs does not ask for: as many
 * storage buffers in a shader as there are, beyond eight, so that fewer shaders update the parameters of a network,
 * subgroups, which add up without waiting for a whole workgroup, and their matrices of halves.
 */
export async function withWholeDevices<T>(gpu: object, work: () => Promise<T>): Promise<T> {
  const source = gpu as Gpu;
  const { requestAdapter } = source;
  const own = Object.hasOwn(source, 'requestAdapter');
  source.requestAdapter = async (options) => {
    const adapter = (await requestAdapter.call(source, options)) as Adapter | null;
    if (adapter) askForMore(adapter);
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

function askForMore(adapter: Adapter): void {
  const { requestDevice } = adapter;
  const { maxStorageBuffersPerShaderStage } = adapter.limits;
  const more = features.filter((feature) => adapter.features.has(feature));
  adapter.requestDevice = (descriptor = {}) =>
    requestDevice.call(adapter, {
      ...descriptor,
      requiredLimits: { ...descriptor.requiredLimits, maxStorageBuffersPerShaderStage },
      requiredFeatures: [...(descriptor.requiredFeatures ?? []), ...more],
    });
}
