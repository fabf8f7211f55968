import { writeSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { startBackend } from '@pixcon/backend';
import { pretrain } from '../src/index.ts';
import { tinyImages, tinyOptions, tinyPixCon } from './tiny-run.ts';

/**
 * Trains the tiny run in the folder given, for a test that kills it. It says on its standard output what it has
 * come to: `step 3` after a step, `write 2` half-way through the second checkpoint's bytes, `rename 2` before the
 * second checkpoint takes its place, `end` when all is done. At the place given it stops until it is killed.
 */
const [, , out, place] = process.argv as [string, string, string, string?];

function arrive(at: string): void {
  writeSync(1, `${at}\n`);
  // The whole thread: nothing that is under way may go on.
  if (at === place) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const isCheckpoint = (path: unknown) => /\.checkpoint\.safetensors\.\w+\.tmp$/.test(String(path));
const { open, rename } = promises;
let [writes, renames] = [0, 0];
promises.open = async (path, ...rest) => {
  const file = await open(path, ...rest);
  if (!isCheckpoint(path)) return file;
  const { writeFile } = file;
  file.writeFile = async (data, ...options) => {
    const bytes = data as Uint8Array;
    const half = bytes.length >> 1;
    await writeFile.call(file, bytes.subarray(0, half), ...options);
    writes++;
    arrive(`write ${writes}`);
    await writeFile.call(file, bytes.subarray(half), ...options);
  };
  return file;
};
promises.rename = async (from, to) => {
  if (isCheckpoint(from)) {
    renames++;
    arrive(`rename ${renames}`);
  }
  await rename(from, to);
};
syncBuiltinESMExports();

await startBackend('wasm');
const { state } = await pretrain(tinyPixCon(), tinyImages(16), {
  ...tinyOptions,
  out,
  checkpointEverySteps: 1,
  report: true,
  tensorboard: true,
  pictures: 1,
  resume: true,
  onEvent: (event) => {
    if (event.type === 'step') arrive(`step ${event.step}`);
  },
});
state.dispose();
arrive('end');
