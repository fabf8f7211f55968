import { PixconError } from '@pixcon/core';
import { type MeasureRequest, measure } from './measure.ts';
import { type PointwiseLayer, timePointwise } from './pointwise.ts';
import { type ProfileRequest, profile } from './profile/profile.ts';

/** Runs the one request that its argument holds, and prints the result as one line of JSON. */
async function main(argument: string | undefined): Promise<unknown> {
  const request = JSON.parse(argument ?? '') as MeasureRequest | ProfileRequest | PointwiseLayer;
  if ('pointwise' in request) return await timePointwise(request);
  return 'traceFile' in request ? await profile(request) : await measure(request);
}

let exitCode = 0;
try {
  const result = await main(process.argv[2]);
  process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (error) {
  const { message, stack } = error as Error;
  // The parent tells the last line.
  process.stderr.write(
    PixconError.isInstance(error) ? `${message}\n` : `${stack}\n${message.split('\n')[0]}\n`,
  );
  exitCode = 1;
}
// Some backends (WebGPU) would keep the process alive; the write comes after the result's.
process.stdout.write('', () => process.exit(exitCode));
