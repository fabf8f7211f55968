import { buildMethod } from '../src/build-method.ts';
import { readConfigFile } from '../src/config-file.ts';
import { resolveRunConfig } from '../src/run-config.ts';

/** Reads a file of settings as `--config` does, up to the method that would be trained. */
export async function readConfig(path: string): Promise<void> {
  buildMethod(resolveRunConfig(await readConfigFile(path), path));
}
