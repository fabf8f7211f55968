import { installTensorflow } from '@pixcon/backend/install';

export interface InstallTensorflowCommandOptions {
  /** Absent: where an NVIDIA card is found. */
  readonly gpu?: boolean;
  readonly force?: boolean;
}

/** `pixcon install-tensorflow`: returns the exit code. */
export async function installTensorflowCommand(options: InstallTensorflowCommandOptions): Promise<number> {
  const { version, usesGpu } = await installTensorflow(options);
  const backend = usesGpu ? 'tensorflow-gpu' : 'tensorflow';
  process.stderr.write(
    `ready: TensorFlow ${version}; --backend auto finds it, --backend ${backend} asks for it\n`,
  );
  return 0;
}
