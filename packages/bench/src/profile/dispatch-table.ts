import { columns } from './columns.ts';
import type { DispatchSummary, KernelSummary } from './dispatch-summary.ts';

/** What a step queues on WebGPU, as text: a row for each kernel, with what it does beside the least it could do. */
export function dispatchTable(summary: DispatchSummary): string {
  const { kernels, phases, ran, adapter, allocatedMebibytes, hostSeconds } = summary;
  const all = total(kernels);
  const rows = [...kernels, all].map((kernel) => {
    const { name, dispatches, gigaflops, necessaryGigaflops, mebibytes, necessaryMebibytes, seconds } =
      kernel;
    const figures = [
      name,
      String(Math.round(dispatches)),
      gigaflops.toFixed(2),
      necessaryGigaflops.toFixed(2),
      mebibytes.toFixed(1),
      necessaryMebibytes.toFixed(1),
    ];
    if (seconds === undefined || all.seconds === undefined) return figures;
    return [
      ...figures,
      (1e3 * seconds).toFixed(2),
      `${((100 * seconds) / all.seconds).toFixed(1)}%`,
      (necessaryGigaflops / seconds).toFixed(0),
      (necessaryMebibytes / 1024 / seconds).toFixed(0),
    ];
  });
  const head = ['kernel', 'dispatches', 'GFLOP', 'least', 'MiB moved', 'least'];
  const timed = all.seconds === undefined ? [] : ['ms', 'share', 'GFLOP/s', 'GiB/s'];
  return [
    `${Math.round(all.dispatches)} dispatches per step on ${adapter}: ` +
      phases.map(({ name, dispatches }) => `${name} ${Math.round(dispatches)}`).join(', '),
    `${allocatedMebibytes.toFixed(0)} MiB in buffers; queueing a step takes the host ${(1e3 * hostSeconds).toFixed(0)} ms, whatever the adapter`,
    ran
      ? 'Moved is what workgroups load and store, from caches too; rates are of the least.'
      : 'Counted only: this is a software adapter, so nothing was computed; ' +
        'times of kernels are still to be measured on a GPU.',
    '',
    ...columns([...head, ...timed], rows, 1),
  ].join('\n');
}

function total(kernels: readonly KernelSummary[]): KernelSummary {
  const sum = (of: (kernel: KernelSummary) => number) => kernels.reduce((all, kernel) => all + of(kernel), 0);
  return {
    name: 'all',
    dispatches: sum(({ dispatches }) => dispatches),
    gigaflops: sum(({ gigaflops }) => gigaflops),
    necessaryGigaflops: sum(({ necessaryGigaflops }) => necessaryGigaflops),
    mebibytes: sum(({ mebibytes }) => mebibytes),
    necessaryMebibytes: sum(({ necessaryMebibytes }) => necessaryMebibytes),
    ...(kernels[0]?.seconds === undefined ? {} : { seconds: sum(({ seconds = 0 }) => seconds) }),
  };
}
