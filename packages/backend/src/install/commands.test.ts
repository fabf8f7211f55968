import { describe, expect, it } from 'vitest';
import { cudaRequirements, pipDownload, tensorflowRequirement } from './commands.ts';

describe('tensorflowRequirement', () => {
  it('takes the small wheel where there is one', () => {
    expect(tensorflowRequirement(false, 'x64')).toBe('tensorflow-cpu>=2.21,<2.22');
    expect(tensorflowRequirement(false, 'arm64')).toBe('tensorflow>=2.21,<2.22');
    expect(tensorflowRequirement(true, 'x64')).toBe('tensorflow>=2.21,<2.22');
  });
});

describe('pipDownload', () => {
  it('downloads wheels only, and nothing that they depend on', () => {
    const command = pipDownload('python3', ['tensorflow-cpu>=2.21'], '/wheels');
    expect(command.program).toBe('python3');
    expect(command.arguments.slice(0, 3)).toEqual(['-m', 'pip', 'download']);
    expect(command.arguments).toContain('--no-deps');
    expect(command.arguments).toContain('--only-binary=:all:');
    expect(command.arguments.slice(-3)).toEqual(['--dest', '/wheels', 'tensorflow-cpu>=2.21']);
  });
});

describe('cudaRequirements', () => {
  it('reads both spellings of a requirement, and no other extra', () => {
    const metadata = [
      'Name: tensorflow',
      'Requires-Dist: numpy (<2.2.0,>=1.26.0)',
      'Requires-Dist: nvidia-cublas-cu12 (==12.5.3.2) ; extra == "and-cuda"',
      "Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == 'and-cuda'",
      'Requires-Dist: nvidia-other ; extra == "rocm"',
      'Requires-Dist: tensorflow-rocm ; extra == "and-cuda"',
    ].join('\r\n');
    expect(cudaRequirements(metadata)).toEqual([
      'nvidia-cublas-cu12==12.5.3.2',
      'nvidia-cudnn-cu12<10.0,>=9.3.0.75',
    ]);
    expect(cudaRequirements('Name: tensorflow-cpu\n')).toEqual([]);
  });
});
