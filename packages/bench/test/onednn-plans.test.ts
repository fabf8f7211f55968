import { fileURLToPath } from 'node:url';
import { describeBackends } from '@pixcon/testing';
import { expect, it, vi } from 'vitest';
import { runCommand } from '../src/command.ts';
import { runProcess } from '../src/run-process.ts';
import { findWorkloads } from '../src/workloads/table.ts';

describeBackends(
  'a step of ResNet-50',
  () => {
    it('plans no 1×1 convolution in oneDNN, forward or for a gradient', { timeout: 120_000 }, async () => {
      vi.stubEnv('ONEDNN_VERBOSE', 'all');
      vi.stubEnv('TF_ENABLE_ONEDNN_OPTS', '1');
      const sizes = findWorkloads(['step-r50'])[0]?.quickSizes;
      const request = { workload: 'step-r50', sizes, backend: 'tensorflow', steps: 1, folders: [] };
      const child = fileURLToPath(new URL('../src/child.ts', import.meta.url));
      const root = fileURLToPath(new URL('../../..', import.meta.url));
      const result = await runProcess(
        process.execPath,
        ['--conditions=@pixcon/source', '--import', 'tsx', child, JSON.stringify(request)],
        root,
      );
      vi.unstubAllEnvs();
      expect(result).toMatchObject({ exitCode: 0 });
      // In its log a filter reads kh3…kw3…, among the sizes of a convolution that is planned or refused.
      const filters = (result?.stdout ?? '').matchAll(/kh(\d+)s[^,]*?kw(\d+)s/g);
      const sides = new Set(Array.from(filters, ([, rows, columns]) => `${rows}×${columns}`));
      expect([...sides].sort()).toEqual(['3×3', '7×7']);
    });

    it('has 1×1 layers, whose products are timed beside oneDNN’s plans', { timeout: 60_000 }, async () => {
      const lines: string[] = [];
      expect(await runCommand(['pointwise', '--quick'], (line) => lines.push(line), console.error)).toBe(0);
      expect(lines).toHaveLength(3);
      expect(lines[2]).toMatch(/^\| 4×4, 8 → 16, 2 (\| \d+\.\d\d \(\d+\.\d\d\) ){3}\| \d+\.\d\d \|$/);
    });
  },
  { backends: ['tensorflow'] },
);
