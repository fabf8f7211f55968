import { PixconError } from '@pixcon/core';
import type { StepSizes, Workload } from './workload.ts';

const heads = { hidden: 2048, dim: 128 } as const;
const quickStep: StepSizes = {
  kind: 'step',
  arch: 'resnet18',
  imageSize: 64,
  batchSize: 2,
  queueLength: 64,
  ...heads,
};

/** Every workload, in the order in which `all` runs them. */
export const workloads: readonly Workload[] = [
  {
    name: 'step-r50',
    what: 'training step of PixCon-SR: ResNet-50, 224 px, batch 4, queues of 65,536',
    sizes: { kind: 'step', arch: 'resnet50', imageSize: 224, batchSize: 4, queueLength: 65_536, ...heads },
    quickSizes: { ...quickStep, arch: 'resnet50' },
    backend: 'tensorflow',
    steps: 5,
  },
  {
    name: 'step-r18',
    what: 'training step of PixCon-SR: ResNet-18, 128 px, batch 16, queues of 16,384',
    sizes: { kind: 'step', arch: 'resnet18', imageSize: 128, batchSize: 16, queueLength: 16_384, ...heads },
    quickSizes: quickStep,
    backend: 'tensorflow',
    steps: 5,
  },
  {
    name: 'loss',
    what: 'dense InfoNCE, forward and backward: 784 queries, 65,536 keys, 128 wide',
    sizes: { kind: 'loss', imageSize: 224, batchSize: 16, queueLength: 65_536, dim: 128 },
    quickSizes: { kind: 'loss', imageSize: 64, batchSize: 2, queueLength: 256, dim: 128 },
    backend: 'tensorflow',
    steps: 10,
  },
  {
    name: 'data',
    what: 'decode, two crops of 224 px, photometric augmentation: images per second of one core',
    sizes: { kind: 'data', imageSize: 224, batchSize: 32 },
    quickSizes: { kind: 'data', imageSize: 64, batchSize: 2 },
    backend: 'tensorflow',
    steps: 5,
  },
  {
    name: 'wasm-r18',
    what: 'training step of PixCon-SR on one thread: ResNet-18, 64 px, batch 16, queues of 16,384',
    sizes: { kind: 'step', arch: 'resnet18', imageSize: 64, batchSize: 16, queueLength: 16_384, ...heads },
    quickSizes: quickStep,
    backend: 'wasm',
    steps: 5,
    threads: 1,
  },
];

/**
 * The workloads of these names, each once, in the order of the table; `all` stands for every one.
 *
 * @throws PixconError `invalid-argument` for an unknown name
 */
export function findWorkloads(names: readonly string[]): readonly Workload[] {
  const known = ['all', ...workloads.map(({ name }) => name)];
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new PixconError(
      'invalid-argument',
      `there is no workload named ${name}; take one of ${known.join(', ')}`,
    );
  }
  return workloads.filter(({ name }) => names.includes('all') || names.includes(name));
}
