import type { BackendName } from '@pixcon/backend';
import { runOurs } from './run-ours.ts';
import { ChildFailure } from './run-process.ts';
import type { StepSizes } from './workloads/workload.ts';

/** Ways to compute the same step, with what `pixcon pretrain` calls them. */
const ways = [
  { title: 'plain', changes: {} },
  { title: '`--accumulate 4`', changes: { accumulate: 4 } },
  { title: '`--recompute`', changes: { recompute: true } },
  { title: 'both', changes: { accumulate: 4, recompute: true } },
] as const satisfies readonly { readonly title: string; readonly changes: Partial<StepSizes> }[];

const grid = [
  { arch: 'resnet18', imageSize: 128, batchSize: 32 },
  { arch: 'resnet18', imageSize: 224, batchSize: 32 },
  { arch: 'resnet50', imageSize: 224, batchSize: 8 },
  { arch: 'resnet50', imageSize: 224, batchSize: 16 },
  { arch: 'resnet50', imageSize: 224, batchSize: 32 },
] as const satisfies readonly Partial<StepSizes>[];

const small = [{ arch: 'resnet10', imageSize: 64, batchSize: 8 }] as const;

/**
 * Peak resident memory and time of a training step of PixCon-SR for several networks, sizes and batches, as the rows
 * of a Markdown table that `print` hears as they are made. Each figure is of a process of its own; `fail` hears of one
 * that fails, and the table goes on.
 */
export async function memoryTable(
  { backend, quick }: { readonly backend: BackendName; readonly quick: boolean },
  print: (line: string) => void,
  fail: (message: string) => void,
): Promise<void> {
  print(`| network, size, batch | ${ways.map(({ title }) => title).join(' | ')} |`);
  print(`|---|${ways.map(() => '---|').join('')}`);
  for (const size of quick ? small : grid) {
    const figures: string[] = [];
    for (const { title, changes } of ways) {
      const sizes: StepSizes = {
        kind: 'step',
        queueLength: 65_536,
        hidden: 2048,
        dim: 128,
        ...size,
        ...changes,
      };
      try {
        const { peakRssMiB, secondsPerStep } = await runOurs({
          workload: 'memory',
          sizes: quick ? { ...sizes, queueLength: 64, hidden: 32, dim: 16 } : sizes,
          backend,
          steps: 1,
          folders: [],
        });
        figures.push(`${Math.round(peakRssMiB)} MiB, ${secondsPerStep.toFixed(1)} s`);
      } catch (error) {
        if (!(error instanceof ChildFailure)) throw error;
        fail(`${size.arch}, ${size.imageSize} px, ${size.batchSize}, ${title}: ${error.message}`);
        figures.push('failed');
      }
    }
    print(`| ${size.arch}, ${size.imageSize} px, ${size.batchSize} | ${figures.join(' | ')} |`);
  }
}
