import type { BackendName } from '../names.ts';
import type { Candidate } from './candidate.ts';
import { cpuCandidate } from './cpu.ts';
import { tensorflowCandidate, tensorflowGpuCandidate } from './tensorflow.ts';
import { wasmCandidate } from './wasm.ts';
import { webgpuCandidate } from './webgpu.ts';

/** Each backend's candidate. */
export const candidates: Readonly<Record<BackendName, Candidate>> = {
  'tensorflow-gpu': tensorflowGpuCandidate,
  webgpu: webgpuCandidate,
  tensorflow: tensorflowCandidate,
  wasm: wasmCandidate,
  cpu: cpuCandidate,
};
