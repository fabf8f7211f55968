/**
 * Compiles the C kernels of the packages to WebAssembly and writes each, as base64, into a TypeScript file beside its
 * source. The results are committed, so that nobody else needs a C compiler.
 *
 * Usage: tsx scripts/build-kernels.ts (needs clang 14 or later with wasm-ld)
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = new URL('..', import.meta.url).pathname;

export const kernelSources = [
  'packages/augment/src/processor/photometric.c',
  'packages/datasets/src/resample/resample.c',
] as const;

const flags = [
  ...['--target=wasm32', '-std=c17', '-O3', '-msimd128', '-ffreestanding', '-fno-builtin'],
  ...['-Wall', '-Wextra', '-Werror', '-nostdlib'],
  ...['-Wl,--no-entry', '-Wl,--export=__heap_base', '-Wl,-z,stack-size=8192', '-Wl,--strip-all'],
];

export function kernelFile(source: string): string {
  return source.replace(/\.c$/, '-kernel.ts');
}

/** The line by which the file of a kernel tells which source it was made from. */
export async function kernelStamp(source: string): Promise<string> {
  const text = await readFile(join(root, source), 'utf8');
  return `// SHA-256 of the source: ${createHash('sha256').update(text).digest('hex')}`;
}

async function build(source: string, folder: string): Promise<void> {
  const name = basename(source, '.c');
  const binary = join(folder, `${name}.wasm`);
  await run('clang', [...flags, '-o', binary, join(root, source)]);
  const bytes = await readFile(binary);
  const lines = [
    `// Made from ${basename(source)} by scripts/build-kernels.ts.`,
    await kernelStamp(source),
    '',
    '/** A WebAssembly module, as base64. */',
    `export const ${name}Kernel =`,
    `  '${bytes.toString('base64')}';`,
    '',
  ];
  await writeFile(join(root, kernelFile(source)), lines.join('\n'));
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const folder = await mkdtemp(join(tmpdir(), 'kernels-'));
  try {
    for (const source of kernelSources) await build(source, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
