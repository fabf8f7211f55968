import { describe, expect, it } from 'vitest';
import { useTemporaryFolder } from '../../test/temporary-folder.ts';
import { runCommand } from './run-command.ts';

const folder = useTemporaryFolder();

describe('runCommand', () => {
  it('fails with the step and the last lines', async () => {
    const command = { program: 'sh', arguments: ['-c', 'echo out; echo wrong >&2; exit 3'] };
    await expect(runCommand('the step', command, { directory: folder.path })).rejects.toThrow(
      /^installTensorflow: the step failed: exit status 3\n[\s\S]*wrong/,
    );
    await expect(
      runCommand('the step', { program: 'no-such-program', arguments: [] }, { directory: folder.path }),
    ).rejects.toThrow(/the step failed: .*ENOENT/);
  });
});
