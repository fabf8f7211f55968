import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { expect, it } from 'vitest';

/** Bundles one file as a page's bundler would, against sources. */
async function bundle(file: string): Promise<{ readonly code: string; readonly modules: string[] }> {
  const output = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@pixcon/source', 'module', 'browser'] },
    build: {
      write: false,
      minify: false,
      // A peer: which parts of it a page needs is its own matter.
      rolldownOptions: { external: /^@tensorflow\// },
      lib: { entry: fileURLToPath(new URL(file, import.meta.url)), formats: ['es'], fileName: 'bundle' },
    },
  });
  const [result] = Array.isArray(output) ? output : [output];
  if (!result || !('output' in result)) throw new Error('vite gave no output');
  const [chunk] = result.output;
  return { code: chunk.code, modules: chunk.moduleIds };
}

it('goes into a page without anything of Node', async () => {
  const { code, modules } = await bundle('../src/index.ts');
  expect(modules.some((id) => id.endsWith('platform/browser.ts'))).toBe(true);
  expect(modules.filter((id) => /platform\/node\.ts|node_modules\/(sharp|linkedom)\//.test(id))).toEqual([]);
  expect(modules.filter((id) => id.includes('__vite-browser-external'))).toEqual([]);
  expect(code).not.toMatch(/from ?['"](node:|sharp|linkedom)/);
});
