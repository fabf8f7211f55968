import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runInChild } from '../../test/run-in-child.ts';
import { useTemporaryFolder } from '../../test/temporary-folder.ts';
import { isBackendAvailable } from '../start-backend.ts';
import type { TrialResult } from './run-trial.ts';
import { tryWebgpu } from './try-webgpu.ts';

const folder = useTemporaryFolder();
beforeEach(() => {
  vi.stubEnv('PIXCON_HOME', folder.path);
  vi.stubEnv('PIXCON_SUBGROUP_MATRICES', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const lost: TrialResult = {
  died: true,
  how: 'by a lost device',
  during: 'the trial of subgroup matrices',
  lasting: true,
};
const card = { vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H200' };

describe('tryWebgpu', () => {
  it('leaves out subgroup matrices where they cost the device, and remembers it for the adapter', async () => {
    const run = vi.fn((_: unknown, settings: Readonly<Record<string, string>>) =>
      Promise.resolve<TrialResult>(settings.PIXCON_SUBGROUP_MATRICES === '0' ? { died: false } : lost),
    );
    const expected = {
      settings: { PIXCON_SUBGROUP_MATRICES: '0' },
      remark:
        'without subgroup matrices: its trial on NVIDIA H200 ended by a lost device in the trial of subgroup matrices',
    };
    expect(await tryWebgpu(card, run)).toEqual(expected);
    expect(await tryWebgpu(card, run)).toEqual(expected);
    expect(run).toHaveBeenCalledTimes(2);
    expect(run.mock.calls[0]?.[0]).toEqual({ backend: 'webgpu', few: false });
    await tryWebgpu({ ...card, description: 'llvmpipe (LLVM 19)' }, run);
    expect(run.mock.calls[2]?.[0]).toEqual({ backend: 'webgpu', few: true });
  });

  it('passes over a driver that dies anyway', async () => {
    const end: TrialResult = { ...lost, how: 'by SIGSEGV', during: 'its start' };
    const other = { ...card, description: 'another card' };
    expect(await tryWebgpu(other, () => Promise.resolve(end))).toEqual({
      obstacle: {
        reason:
          'its trial on another card ended by SIGSEGV in its start, without subgroup matrices by SIGSEGV in its start',
        remedy: 'set PIXCON_TRIAL=0, which starts it all the same',
      },
    });
  });
});

const source = fileURLToPath(new URL('../candidates/webgpu.ts', import.meta.url));

describe('the webgpu backend', async () => {
  const available = await isBackendAvailable('webgpu');

  it.runIf(available)(
    'takes another device where the trial of subgroup matrices loses the first',
    async () => {
      // An adapter that claims to have matrices, whose first use loses the device.
      const script = `
      const { webgpuCandidate, startWebgpu } = await import(${JSON.stringify(source)});
      await startWebgpu();
      const { gpu } = navigator;
      const { requestAdapter } = gpu;
      gpu.requestAdapter = async (options) => {
        const adapter = await requestAdapter.call(gpu, options);
        Object.defineProperty(adapter, 'info', { value: {
          description: adapter.info.description,
          subgroupMatrixConfigs: [{ componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 }],
        } });
        return adapter;
      };
      const before = tf.backend().device;
      const description = await startWebgpu(() => before.destroy());
      const product = [...(await tf.matMul(tf.ones([40, 50]), tf.ones([50, 30])).data())];
      console.log(JSON.stringify({ description, same: tf.backend().device === before, first: product[0] }));
      process.exit(0);`;
      const child = await runInChild(script, folder.path, { PIXCON_HOME: join(folder.path, 'home') });
      expect(child.status, child.errors).toBe(0);
      const { description, same, first } = JSON.parse(child.output);
      expect(description).toMatch(/, without subgroup matrices: their trial lost a device$/);
      expect(same).toBe(false);
      expect(first).toBe(50);
    },
  );
});
