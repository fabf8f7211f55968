import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const here = import.meta.dirname;
const dense = (text: string) => text.replaceAll(/^\s+/gm, '').trim();

it('shows in the guide what stands in the sources, and the method is as short as it says', async () => {
  const guide = await readFile(join(here, '../../docs/guides/custom-method.md'), 'utf8');
  const method = await readFile(join(here, 'centred-contrast.ts'), 'utf8');
  const sources = dense(`${await readFile(join(here, 'mutual.ts'), 'utf8')}\n${method}`);
  const blocks = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => dense(code ?? ''));
  expect(blocks).toHaveLength(7);
  for (const code of blocks) expect(sources).toContain(code);
  expect(method.trimEnd().split('\n').length).toBeLessThan(100);
});
