import { describe, expect, it } from 'vitest';
import { describeAdapter, isSoftwareAdapter } from './adapter.ts';

describe('isSoftwareAdapter', () => {
  it.each([
    { vendor: 'google', architecture: 'swiftshader', description: 'SwiftShader Device (Subzero)' },
    { vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' },
    { vendor: 'microsoft', description: 'Microsoft Basic Render Driver' },
    { vendor: 'intel', architecture: 'gen-12lp', isFallbackAdapter: true },
  ])('refuses $vendor $description', (info) => {
    expect(isSoftwareAdapter(info)).toBe(true);
  });

  it.each([
    { vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H100' },
    { vendor: 'apple', architecture: 'metal-3', description: '' },
    { vendor: 'amd', description: 'AMD Radeon RX Warpath' },
  ])('takes $vendor', (info) => {
    expect(isSoftwareAdapter(info)).toBe(false);
  });
});

describe('describeAdapter', () => {
  it('takes the most telling field', () => {
    expect(describeAdapter({ vendor: 'nvidia', description: 'NVIDIA H100' })).toBe('NVIDIA H100');
    expect(describeAdapter({ vendor: 'apple', architecture: 'metal-3', description: '' })).toBe(
      'apple metal-3',
    );
    expect(describeAdapter({})).toBe('unnamed WebGPU adapter');
  });
});
