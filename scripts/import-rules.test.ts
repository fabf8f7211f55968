import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const layer = 'noRestrictedImports';
const undeclared = 'noUndeclaredDependencies';
const node = 'noNodejsModules';

/** A file, what it imports, and the rule that must refuse it; none where it must pass. */
const cases: readonly (readonly [file: string, specifier: string, rule?: string])[] = [
  ['packages/losses/src/a.ts', '@pixcon/core'],
  ['packages/losses/src/b.ts', '@pixcon/heads', layer],
  ['packages/losses/src/c.ts', '@pixcon/methods', layer],
  ['packages/losses/src/d.ts', 'pixcon', layer],
  ['packages/losses/src/e.ts', '@pixcon/backend', undeclared],
  ['packages/losses/src/f.ts', 'zod', undeclared],
  ['packages/losses/src/g.ts', '@pixcon/testing', undeclared],
  ['packages/losses/src/h.ts', 'node:fs', node],
  ['packages/losses/src/i.ts', 'fs', node],
  ['packages/losses/src/a.test.ts', '@pixcon/testing'],
  ['packages/losses/src/b.test.ts', 'node:fs'],
  ['packages/losses/src/c.test.ts', '@pixcon/heads', layer],
  ['packages/core/src/a.ts', '@pixcon/ops', layer],
  ['packages/ops/src/a.ts', '@tensorflow/tfjs-core'],
  ['packages/ops/src/b.ts', '@tensorflow/tfjs-core/dist/engine', layer],
  ['packages/ops/src/c.ts', '@tensorflow/tfjs-backend-wasm', layer],
  ['packages/ops/src/d.ts', '@tensorflow/tfjs', layer],
  ['packages/ops/src/e.ts', '@pixcon/backend', layer],
  ['packages/ops/src/f.ts', '@pixcon/losses', layer],
  ['packages/ops/src/kernels/wasm/a.ts', '../../add.ts'],
  ['packages/ops/src/kernels/wasm/b.ts', '@tensorflow/tfjs-backend-wasm', undeclared],
  ['packages/ops/src/kernels/wasm/c.ts', '@tensorflow/tfjs-core/dist/engine', layer],
  ['packages/ops/src/kernels/wasm/d.ts', '@pixcon/backend', layer],
  ['packages/backend/src/a.ts', '@tensorflow/tfjs-backend-wasm'],
  ['packages/backend/src/b.ts', '@pixcon/losses', layer],
  ['packages/datasets/src/a.ts', 'node:fs'],
  ['packages/datasets/src/b.ts', '@pixcon/augment', layer],
  ['packages/methods/src/a.ts', '@pixcon/heads'],
  ['packages/methods/src/b.ts', '@pixcon/trainer', layer],
  ['packages/methods/src/c.ts', '@pixcon/evaluation', layer],
  ['packages/methods/src/d.ts', 'node:path', node],
  ['packages/evaluation/src/a.ts', '@pixcon/trainer', layer],
  ['packages/trainer/src/a.ts', '@pixcon/datasets'],
  ['packages/trainer/src/b.ts', '@pixcon/methods', layer],
  ['packages/trainer/src/d.ts', '@pixcon/visualize'],
  ['packages/visualize/src/a.ts', '@pixcon/trainer', layer],
  ['packages/evaluation/src/b.ts', '@pixcon/visualize', layer],
  ['packages/trainer/src/c.ts', 'pixcon', layer],
  ['packages/testing/src/a.ts', '@pixcon/losses', layer],
  ['packages/pixcon/src/a.ts', '@pixcon/trainer'],
  ['packages/pixcon/src/b.ts', '@pixcon/losses/src/index.ts', layer],
  ['packages/pixcon/src/c.ts', '../../losses/src/index.ts', layer],
  ['packages/pixcon/src/d.ts', '@tensorflow/tfjs-node', layer],
  ['packages/pixcon/src/e.ts', '@pixcon/golden', undeclared],
  ['packages/bench/src/a.ts', '@pixcon/trainer'],
  ['packages/bench/src/b.ts', '@pixcon/golden', undeclared],
  ['packages/bench/src/c.ts', '@tensorflow/tfjs-node', layer],
  ['packages/trainer/src/e.ts', '@pixcon/bench', layer],
  ['packages/queues/src/one.ts', './two.ts', 'noImportCycles'],
  ['packages/queues/src/two.ts', './one.ts', 'noImportCycles'],
];

const ours = [layer, undeclared, node, 'noImportCycles'];

describe('import rules', () => {
  let folder: string;
  let found: Map<string, string[]>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pixcon-import-rules-'));
    await cp(join(root, 'biome.json'), join(folder, 'biome.json'));
    for (const name of await readdir(join(root, 'packages'))) {
      const manifest = join('packages', name, 'package.json');
      await cp(join(root, manifest), join(folder, manifest));
    }
    for (const [file, specifier] of cases) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), `import { x } from '${specifier}';\n\nexport const y = x;\n`);
    }
    found = await lint(folder);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const named = cases.map(([file, specifier, rule]) => ({ file, specifier, rule }));

  it.each(named)('$file importing $specifier: $rule', ({ file, rule }) => {
    const fired = found.get(file) ?? [];
    if (rule === undefined) expect(fired).toEqual([]);
    else expect(fired).toContain(rule);
  });
});

/** The import rules that fired, by file. */
async function lint(folder: string): Promise<Map<string, string[]>> {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const options = ['lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=json', '.'];
  const run = promisify(execFile)(process.execPath, [biome, ...options], { cwd: folder, maxBuffer: 2 ** 26 });
  const stdout = await run.then(
    (result) => result.stdout,
    (error: { stdout: string }) => error.stdout,
  );
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  const rules = new Map<string, string[]>();
  for (const { category, location } of diagnostics) {
    const rule = category.split('/').at(-1) ?? '';
    const file = typeof location.path === 'string' ? location.path : location.path.file;
    if (ours.includes(rule)) rules.set(file, [...(rules.get(file) ?? []), rule]);
  }
  return rules;
}
