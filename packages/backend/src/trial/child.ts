import { writeSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { loadTensorflow } from '../candidates/tensorflow.ts';
import { startWebgpu } from '../candidates/webgpu.ts';
import { trialOperations } from './operations.ts';
import { lines, matrices, type TrialRequest } from './request.ts';

// The process that a trial is held in. Before each part it writes what it is at, so that whoever waits for it knows
// that when it is gone.

/** At once, and not by a stream: the next line may be the last. */
function tell(line: string): void {
  writeSync(3, `${line}\n`);
}

async function start(request: TrialRequest): Promise<void> {
  tell('its start');
  if (request.backend === 'tensorflow') {
    await loadTensorflow(request.installation);
    return;
  }
  await startWebgpu(() => {
    watchDevice();
    tell(matrices);
  });
  watchDevice();
}

/** A program would take another device, or go on and get nothing but errors: neither is what the trial is to find. */
function watchDevice(): void {
  const { device } = tf.backend() as unknown as { device: { lost: Promise<unknown> } };
  void device.lost.then(() => {
    tell(lines.lost);
    process.exit(1);
  });
}

async function tryAll(request: TrialRequest): Promise<void> {
  await start(request);
  const few = request.backend === 'webgpu' && request.few;
  for (const { name, run } of trialOperations(few ? 'few' : 'all')) {
    tell(name);
    const result = run();
    await result.data();
    tf.dispose(result);
    tf.engine().disposeVariables();
  }
  tell(lines.done);
}

try {
  await tryAll(JSON.parse(process.argv[2] ?? '') as TrialRequest);
} catch (error) {
  // A lost device may be told a moment after the error that it makes. Others, which a program hears of, cost it nothing.
  await new Promise((resolve) => setTimeout(resolve, 200));
  process.stderr.write(`${error}\n`);
  tell(lines.failed);
}
process.exit(0);
