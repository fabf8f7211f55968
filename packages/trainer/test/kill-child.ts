import { startBackend } from '@pixcon/backend';
import { PixconError } from '@pixcon/core';
import { pretrain } from '../src/index.ts';
import { watchFileOperations } from './file-operations.ts';
import type { KillPlan } from './kill-runs.ts';
import { tinyImages, tinyOptions, tinyPixCon } from './tiny-run.ts';

/**
 * Trains the tiny run in the folder given, resuming it where it has begun, as a program that answers signals by saving.
 * At the file operation of the plan it sends itself the plan's signal. The last line that it says is how many file
 * operations there were.
 */
const [, , out, text] = process.argv as [string, string, string, string];
const { operation, signal, shown } = JSON.parse(text) as KillPlan;

const controller = new AbortController();
let code = 0;
for (const [name, number] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(name, () => {
    code = number;
    controller.abort();
  });
}

let operations = 0;
watchFileOperations((count) => {
  operations = count;
  if (count !== operation) return;
  process.kill(process.pid, signal);
  // A kill takes effect at once, whatever is under way; another signal is heard by and by.
  if (signal === 'SIGKILL') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});

await startBackend('wasm');
try {
  const { state } = await pretrain(tinyPixCon(), tinyImages(16), {
    ...tinyOptions,
    out,
    report: shown,
    tensorboard: shown,
    pictures: 1,
    resume: true,
    signal: controller.signal,
  });
  state.dispose();
} catch (error) {
  if (!PixconError.isInstance(error) || error.code !== 'interrupted') throw error;
  process.exit(code);
}
process.stdout.write(`${operations}\n`);
