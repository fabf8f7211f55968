import { importNode } from './node-modules.ts';

/**
 * pixcon's own folder: `PIXCON_HOME`, else the user's cache folder of the platform (`XDG_CACHE_HOME` or
 * `~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`) with `pixcon` in it. Node only.
 */
export async function pixconHome(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): Promise<string> {
  const [{ homedir }, { join, resolve }] = await Promise.all([
    importNode('node:os'),
    importNode('node:path'),
  ]);
  if (environment.PIXCON_HOME) return resolve(environment.PIXCON_HOME);
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, 'pixcon');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'pixcon');
  if (platform === 'win32') {
    return join(environment.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'pixcon');
  }
  return join(homedir(), '.cache', 'pixcon');
}

/** Where `installTensorflow` puts its installation: `tensorflow` in {@link pixconHome}. Node only. */
export async function tensorflowFolder(): Promise<string> {
  const { join } = await importNode('node:path');
  return join(await pixconHome(), 'tensorflow');
}
