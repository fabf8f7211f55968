/** What WebGPU tells of an adapter (`GPUAdapterInfo`). */
export interface AdapterInfo {
  readonly vendor?: string | undefined;
  readonly architecture?: string | undefined;
  readonly description?: string | undefined;
  readonly isFallbackAdapter?: boolean | undefined;
}

/** True for adapters that compute on the processor: SwiftShader, Mesa's llvmpipe, Microsoft's WARP. */
export function isSoftwareAdapter(info: AdapterInfo): boolean {
  const text = `${info.vendor} ${info.architecture} ${info.description}`;
  return (
    info.isFallbackAdapter === true ||
    /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i.test(text)
  );
}

/** One readable name for an adapter, from the most telling field that it fills. */
export function describeAdapter(info: AdapterInfo): string {
  if (info.description) return info.description;
  return [info.vendor, info.architecture].filter(Boolean).join(' ') || 'unnamed WebGPU adapter';
}
