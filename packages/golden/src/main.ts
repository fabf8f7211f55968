import { readdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type BackendName, startBackend } from '@pixcon/backend';
import { PixconError } from '@pixcon/core';
import { readGoldenFile, readGoldenViews } from './read-golden.ts';
import { type GoldenResult, runGolden } from './run-golden.ts';

const usage = 'usage: npm run golden -- DIR [--backend auto|cpu|wasm|tensorflow|webgpu]';

/** Runs every golden pair of a folder and prints a line each. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { backend: { type: 'string', default: 'auto' } },
    allowPositionals: true,
  });
  const [directory] = positionals;
  if (directory === undefined || positionals.length !== 1) throw new PixconError('invalid-argument', usage);
  const backend = await startBackend(values.backend as BackendName | 'auto');
  console.log(`backend: ${backend.name}`);
  const files = await readdir(directory).catch((cause: Error) => {
    throw new PixconError(
      'data',
      `golden: expected a folder of golden files, could not read ${directory}: ${cause.message}`,
    );
  });
  const names = files
    .filter((file) => file.endsWith('.json') && files.includes(file.replace(/json$/, 'safetensors')))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
  if (names.length === 0) {
    throw new PixconError(
      'data',
      `golden: expected pairs of NAME.json and NAME.safetensors, found none in ${directory}`,
    );
  }
  const views = await readGoldenViews(directory);
  let failed = 0;
  for (const name of names) {
    const result = await runGolden(await readGoldenFile(directory, name), views);
    if (result.status === 'fail') failed++;
    console.log(line(result));
    for (const failure of result.failures.slice(0, 10)) console.log(`    ${failure}`);
  }
  return failed > 0 ? 1 : 0;
}

function line({ name, status, firstLossError, lossError, gradientError }: GoldenResult): string {
  const error = (value: number | undefined) => (value ?? Number.NaN).toExponential(1);
  const numbers =
    status === 'not covered'
      ? ''
      : `first losses ${error(firstLossError)}  losses ${error(lossError)}  gradients ${error(gradientError)}`;
  return `${name.padEnd(34)} ${status.padEnd(12)} ${numbers}`.trimEnd();
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(PixconError.isInstance(error) ? error.message : error);
  process.exitCode = 2;
}
