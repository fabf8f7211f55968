import { importNode } from './node-modules.ts';

/** Flags of the C++ compiler, which belong to what the kernels compute as their sources do. */
export const nativeKernelFlags: readonly string[] = [
  ...['-std=c++17', '-O3', '-fno-math-errno', '-fno-trapping-math'],
  ...['-fPIC', '-shared', '-fvisibility=hidden', '-pthread', '-Wall', '-Wextra'],
  // TensorFlow keeps pointers to the kernels when the worker thread that loaded them ends, and Node unloads them.
  '-Wl,-z,nodelete',
];

/** The C++ sources of our kernels for TensorFlow, in this package's `native`. Node only; empty in a bundle. */
export async function nativeKernelSources(): Promise<string[]> {
  const [{ existsSync, readdirSync }, { join }, { fileURLToPath }] = await Promise.all([
    importNode('node:fs'),
    importNode('node:path'),
    importNode('node:url'),
  ]);
  const folder = fileURLToPath(new URL('../native', import.meta.url));
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => /\.(cc|h)$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

/**
 * Where the compiled kernels of this very version lie in an installation, whether they are there or not. The name
 * holds a hash of sources and flags: versions of this package that share an installation do not disturb each other.
 *
 * @param directory the folder of tfjs-node
 * @returns `undefined` where the sources are not there to be hashed
 */
export async function nativeKernelsPath(directory: string): Promise<string | undefined> {
  const [{ readFileSync }, { join }, { createHash }] = await Promise.all([
    importNode('node:fs'),
    importNode('node:path'),
    importNode('node:crypto'),
  ]);
  const sources = await nativeKernelSources();
  if (sources.length === 0) return undefined;
  const hash = createHash('sha256').update(nativeKernelFlags.join(' '));
  for (const source of sources) hash.update(readFileSync(source));
  return join(directory, 'deps', 'lib', `pixcon-kernels-${hash.digest('hex').slice(0, 12)}.node`);
}
