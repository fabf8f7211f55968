import { importNode } from '../node-modules.ts';
import { resolvePackage } from '../resolve-package.ts';

/**
 * A hash of what a trial runs: its own files and our kernels for a backend, the versions of both packages among them.
 * Node only.
 *
 * @throws where they are not there as files, as in a bundle
 */
export async function codeVersion(backend: 'tensorflow' | 'webgpu'): Promise<string> {
  const [{ readdirSync, readFileSync }, { dirname, join }, { fileURLToPath }, { createHash }] =
    await Promise.all([
      importNode('node:fs'),
      importNode('node:path'),
      importNode('node:url'),
      importNode('node:crypto'),
    ]);
  const own = fileURLToPath(import.meta.url);
  const built = own.endsWith('.js') ? 'dist' : 'src';
  const ops = (await resolvePackage('@pixcon/ops')) ?? '';
  const hash = createHash('sha256');
  hash.update(readFileSync(join(ops, 'package.json')));
  for (const folder of [dirname(own), join(ops, built, 'kernels', backend)]) {
    for (const name of readdirSync(folder).sort()) {
      if (/(?<!\.d|\.test)\.(js|ts)$/.test(name)) hash.update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 12);
}
