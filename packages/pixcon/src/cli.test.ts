import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { main } from './cli.ts';

afterEach(() => vi.restoreAllMocks());

/** Exit code and standard output of a command line. */
async function run(...args: readonly string[]): Promise<readonly [code: number, output: string]> {
  let output = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += text;
    return true;
  });
  return [await main(args), output];
}

describe('the version', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

  it.each([[['--version']], [['-V']], [['pretrain', '--version']], [['evaluate', 'runs/photos', '-V']]])(
    'is all that %j prints, whatever the command wants',
    async (args) => {
      expect(await run(...args)).toEqual([0, `${version}\n`]);
    },
  );
});

it('helps with a command by its name', async () => {
  const [code, output] = await run('help', 'pretrain');
  expect(code).toBe(0);
  expect(output).toContain('Usage: pixcon pretrain [options] <dir>');
});
