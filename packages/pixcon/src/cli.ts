import { PixconError } from '@pixcon/core';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { architectureNames, backendNames, methodNames } from './run-config.ts';

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

function queueLength(text: string): number | 'auto' {
  return text === 'auto' ? text : number(text);
}

/** Commands import their work when they run, so that `--help` is quick. */
function program(setExitCode: (code: number) => void): Command {
  const root = new Command('pixcon')
    .description('Dense self-supervised pre-training: pixel-level contrastive learning on scene images')
    .showHelpAfterError('(--help lists the options)')
    .exitOverride();

  root
    .command('pretrain')
    .description('pre-train a backbone on a folder of photos (JPEG, PNG, WebP; any depth)')
    .argument('<dir>', 'folder of images')
    .addOption(new Option('--method <name>', 'what to train (default: pixcon-sr)').choices(methodNames))
    .addOption(new Option('--arch <name>', 'backbone (default: resnet18)').choices(architectureNames))
    .option('--image-size <pixels>', 'side of the square views (default: 128)', number)
    .option('--batch-size <images>', 'images per step (default: 32)', number)
    .option('--epochs <count>', 'passes over the photos (default: 100)', number)
    .option('--queue-length <keys>', 'negative keys per queue (default: auto, 65536 or fewer)', queueLength)
    .option('--output-stride <pixels>', 'input pixels per cell: 8, 16 or 32 (default: 32)', number)
    .option('--learning-rate <rate>', 'peak (default: 0.4 · batch size / 512)', number)
    .addOption(new Option('--backend <name>', 'where to compute (default: auto)').choices(backendNames))
    .option('--seed <number>', 'every random draw follows from it (default: 0)', number)
    .option('--config <file>', 'JSON with any of the settings; flags win over it')
    .option('--out <dir>', 'run folder', 'runs/pretrain')
    .option('--resume', 'go on from the checkpoint in the run folder', false)
    .action(async (directory: string, { config, out, resume, ...flags }) => {
      const { pretrainCommand } = await import('./commands/pretrain.ts');
      setExitCode(await pretrainCommand(directory, { ...(config ? { config } : {}), out, resume, flags }));
    });

  root
    .command('demo')
    .description('pre-train on built-in scenes and show what it learned, in a few minutes')
    .addOption(new Option('--backend <name>', 'where to compute').choices(backendNames).default('auto'))
    .option('--seed <number>', 'every random draw follows from it', number, 0)
    .option('--epochs <count>', 'passes over the scenes (default: what fits in a few minutes)', number)
    .option('--out <dir>', 'run folder', 'runs/demo')
    .action(async (options) => {
      const { demoCommand } = await import('./commands/demo.ts');
      setExitCode(await demoCommand(options));
    });

  root
    .command('install-tensorflow')
    .description('set up the TensorFlow backend (native, several times faster than WASM)')
    .option('--gpu', 'the CUDA build, for an NVIDIA card')
    .option('--force', 'install again over a working installation')
    .action(async (options) => {
      const { installTensorflowCommand } = await import('./commands/install-tensorflow.ts');
      setExitCode(await installTensorflowCommand(options));
    });

  return root;
}

/** Runs the command line; returns the exit code. Errors of the user are one line on standard error. */
export async function main(args: readonly string[]): Promise<number> {
  let code = 0;
  try {
    await program((value) => {
      code = value;
    }).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (!PixconError.isInstance(error)) throw error;
    process.stderr.write(`pixcon: ${error.message}\n`);
    return 1;
  }
}
