import { readFileSync, writeFileSync } from 'node:fs';

const mebibyte = 2 ** 20;

/** Peak resident memory of this process so far, in MiB. */
export function peakRssMiB(): number {
  // libuv gives KiB.
  return process.resourceUsage().maxRSS / 1024;
}

/**
 * Runs `work` and tells by how much resident memory rose above where it was before, at its peak, in MiB. On Linux
 * the peak is of the work alone; elsewhere an earlier, higher peak hides it and the result is an upper bound.
 */
export async function extraRssMiB(work: () => Promise<void>): Promise<number> {
  const resets = resetPeak();
  const before = process.memoryUsage.rss() / mebibyte;
  await work();
  return Math.max(0, (resets ? highWaterMiB() : peakRssMiB()) - before);
}

/** True where the kernel lets a process forget its peak. */
function resetPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return true;
  } catch {
    return false;
  }
}

function highWaterMiB(): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1]) / 1024;
}
