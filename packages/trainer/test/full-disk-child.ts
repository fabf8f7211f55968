import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { startBackend } from '@pixcon/backend';
import { pretrain } from '../src/index.ts';
import { readMetrics, tinyImages, tinyOptions, tinyPixCon } from './tiny-run.ts';

/**
 * Trains on a disk of 2 MiB that becomes full after two steps and read-only after three, in name spaces of its own
 * (`unshare --map-root-user --mount`), so that the disk is gone with this process. Its last line is what happened.
 */
const [, , disk] = process.argv as [string, string, string];
const mount = (...options: string[]) => execFileSync('mount', [...options, disk]);

mount('-t', 'tmpfs', '-o', 'size=2m', 'tmpfs');
await startBackend('wasm');
const out = join(disk, 'run');
const filler = join(disk, 'filler');

function fill(): void {
  const file = openSync(filler, 'w');
  try {
    for (;;) writeSync(file, new Uint8Array(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

/** Trains until what comes after a step makes it fail; returns why. */
async function train(step: number, harm: () => void): Promise<string> {
  try {
    const { state } = await pretrain(tinyPixCon(), tinyImages(16), {
      ...tinyOptions,
      epochs: 1,
      logEverySteps: 1,
      checkpointEverySteps: 1,
      resume: true,
      out,
      onEvent: (event) => {
        if (event.type === 'step' && event.step === step) harm();
      },
    });
    state.dispose();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const full = await train(3, fill);
const left = readdirSync(out).filter((name) => name.endsWith('.tmp') || name === '.lock');
rmSync(filler);
const readOnly = await train(4, () => mount('-o', 'remount,ro'));
mount('-o', 'remount,rw,size=2m');
const end = await train(0, () => undefined);
const files = readdirSync(out).sort();
process.stdout.write(
  `${JSON.stringify({ full, left, readOnly, end, files, metrics: await readMetrics(out) })}\n`,
);
