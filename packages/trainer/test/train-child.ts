import { startBackend } from '@pixcon/backend';
import { pretrain } from '../src/index.ts';
import { tinyImages, tinyOptions, tinyPixCon } from './tiny-run.ts';

/** Trains the tiny run in the folder given, for a test that kills it. */
await startBackend('wasm');
const { state } = await pretrain(tinyPixCon(), tinyImages(16), {
  ...tinyOptions,
  out: process.argv[2] as string,
  checkpointEverySteps: 1,
  resume: true,
  onEvent: (event) => {
    if (event.type === 'step') process.stdout.write(`step ${event.step}\n`);
  },
});
state.dispose();
