import { importNode } from '../node-modules.ts';

/** A processor as verdicts know it. */
export interface Processor {
  /** `AMD EPYC 9755 128-Core Processor` */
  readonly name: string;
  /** All that libraries may choose their code by: model, stepping, instruction sets, and how many threads run. */
  readonly details: string;
}

/** The processor that this process runs on. Node only. */
export async function thisProcessor(): Promise<Processor> {
  const { availableParallelism, cpus } = await importNode('node:os');
  const threads = `${availableParallelism()} threads`;
  const block = await firstBlock();
  if (block === undefined) {
    const name = cpus()[0]?.model.trim() || process.arch;
    return { name, details: [process.platform, process.arch, name, threads].join('\n') };
  }
  // The others tell of the moment: frequency, the number of the core.
  const lines = block.split('\n').filter((line) => kept.test(line));
  const name = /^model name\s*:\s*(.+)$/m.exec(block)?.[1]?.trim() ?? process.arch;
  return { name, details: [process.platform, process.arch, ...lines, threads].join('\n') };
}

const kept = /^(vendor_id|cpu family|model|model name|stepping|flags|Features|CPU [a-z]+)\s*:/;

/** Linux's account of the first core: all of it takes long where there are hundreds. */
async function firstBlock(): Promise<string | undefined> {
  const { closeSync, openSync, readSync } = await importNode('node:fs');
  try {
    const file = openSync('/proc/cpuinfo', 'r');
    try {
      const bytes = Buffer.alloc(8192);
      return bytes.toString('utf8', 0, readSync(file, bytes)).split('\n\n')[0];
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}
