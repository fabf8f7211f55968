import { installTensorflow } from '@pixcon/backend/install';

export interface InstallTensorflowCommandOptions {
  readonly gpu?: boolean;
  readonly force?: boolean;
}

/** `pixcon install-tensorflow`: returns the exit code. */
export async function installTensorflowCommand(options: InstallTensorflowCommandOptions): Promise<number> {
  const directory = await installTensorflow({
    ...options,
    log: (line: string) => process.stderr.write(`${line}\n`),
  });
  process.stderr.write(
    `ready: ${typeof directory === 'string' ? directory : 'use --backend tensorflow, or leave it to auto'}\n`,
  );
  return 0;
}
