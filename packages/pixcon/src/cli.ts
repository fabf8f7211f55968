import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import {
  architectureNames,
  backendNames,
  encoderNames,
  exportFormatNames,
  methodNames,
  protocolNames,
  statisticsNames,
} from './names.ts';
import { printable } from './printable.ts';

/** A parser of whole numbers from `minimum` on. */
function whole(minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text.trim()) && Number.isSafeInteger(value) && value >= minimum) return value;
    throw new InvalidArgumentError(`Expected a whole number of at least ${minimum}.`);
  };
}

function port(text: string): number {
  const value = whole(0)(text);
  if (value <= 65_535) return value;
  throw new InvalidArgumentError('Expected at most 65535.');
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

function queueLength(text: string): number | 'auto' {
  return text === 'auto' ? text : whole(1)(text);
}

function outputStride(text: string): number {
  if (['8', '16', '32'].includes(text)) return Number(text);
  throw new InvalidArgumentError('Allowed choices are 8, 16, 32.');
}

/** `name=value`, collected; the value is JSON where it can be read as such, else text. */
function option(text: string, before: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Expected NAME=VALUE.');
  try {
    return { ...before, [name]: JSON.parse(value) };
  } catch {
    return { ...before, [name]: value };
  }
}

function list(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

function labels(text: string): number[] | 'none' {
  if (text.trim() === 'none') return 'none';
  return text.split(',').map((part) => {
    if (/^\d+$/.test(part.trim()) && Number(part) <= 65_535) return Number(part);
    throw new InvalidArgumentError('Expected whole numbers with commas between, such as 11,255, or none.');
  });
}

/** Of the package: its `package.json` lies beside `src` and `dist`. */
function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** Commands import their work when they run, so that `--help` is quick. */
function program(setExitCode: (code: number) => void): Command {
  const root = new Command('pixcon')
    .description('Dense self-supervised pre-training: pixel-level contrastive learning on scene images')
    .version(version(), '-V, --version', 'print the version')
    .configureOutput({
      outputError: (text, write) => {
        const line = text
          .trim()
          .replace(/^error: /, '')
          .replace(/\s+/g, ' ');
        write(`pixcon: ${line} (see pixcon --help)\n`);
      },
    })
    .exitOverride();

  root
    .command('pretrain')
    .description('pre-train a backbone on a folder of photos (JPEG, PNG, WebP; any depth)')
    .argument('<dir>', 'folder of images')
    .addOption(new Option('--method <name>', 'what to train (default: pixcon-sr)').choices(methodNames))
    .option(
      '--option <name=value>',
      'an option of the method alone, such as prototypes=64; repeatable',
      option,
    )
    .option('--recipe <names>', 'named settings, below file and flags; pixcon methods lists them', list)
    .addOption(new Option('--arch <name>', 'backbone (default: resnet18)').choices(architectureNames))
    .option('--image-size <pixels>', 'side of the square views (default: 128)', whole(32))
    .option('--batch-size <images>', 'images per step (default: 32)', whole(2))
    .option('--accumulate <parts>', 'parts that a batch is computed in: less memory (default: 1)', whole(1))
    .option('--recompute', 'compute activations again in the backward pass: less memory, more time')
    .addOption(
      new Option(
        '--precision <name>',
        'of images between layers; mixed: half the memory, on webgpu (default: full)',
      ).choices(['full', 'mixed']),
    )
    .option('--epochs <count>', 'passes over the photos (default: 100)', whole(1))
    .option('--queue-length <keys>', 'negative keys per queue (default: auto, 65536 or fewer)', queueLength)
    .option('--output-stride <pixels>', 'input pixels per cell: 8, 16 or 32 (default: 32)', outputStride)
    .option('--learning-rate <rate>', 'peak (default: the method’s own, by batch size)', positive)
    .addOption(new Option('--backend <name>', 'where to compute (default: auto)').choices(backendNames))
    .option('--seed <number>', 'every random draw follows from it (default: 0)', whole(0))
    .option('--init <file>', 'start the backbone from weights of PyTorch (safetensors, .pth or .pkl)')
    .option('--network <name>', 'which network of the file of --init, where it has several')
    // With --no-report alone, an absent flag would count as true and win over the file.
    .addOption(new Option('--report').hideHelp())
    .option('--no-report', 'no report.html and no pictures in the run folder')
    .option('--config <file>', 'JSON with any of the settings; flags win over it')
    .option('--out <dir>', 'run folder', 'runs/pretrain')
    .option('--resume', 'go on from the run folder’s checkpoint, with its settings', false)
    .option('--keep-masks', 'train on masks that lie among the photos, too', false)
    .action(async (directory: string, { config, out, resume, keepMasks, ...flags }) => {
      const { pretrainCommand } = await import('./commands/pretrain.ts');
      setExitCode(
        await pretrainCommand(directory, { ...(config ? { config } : {}), out, resume, keepMasks, flags }),
      );
    });

  root
    .command('methods')
    .description('list the methods and the recipes, the paper’s tables among them')
    .argument('[name]', 'tell the options of one method')
    .option('--json', 'as JSON', false)
    .action(async (name: string | undefined, options) => {
      const { methodsCommand } = await import('./commands/methods.ts');
      setExitCode(methodsCommand(name, options));
    });

  root
    .command('evaluate')
    .description('score the frozen features of a run, untrained beside trained')
    .argument('<run>', 'run folder')
    .requiredOption(
      '--data <dir>',
      'folder of images, with a sub-folder per class for the protocols of whole images',
    )
    .addOption(
      new Option('--protocol <name>', 'what to measure').choices(protocolNames).makeOptionMandatory(),
    )
    .option('--masks <dir>', 'folder of PNG masks, named as the images')
    .addOption(new Option('--encoder <name>', 'which encoder').choices(encoderNames).default('online'))
    .option('--stage <name>', 'stem, layer1 … layer4 (default: the last)')
    .option('--image-size <pixels>', 'side of the square images (default: the run’s)', whole(32))
    .option('--neighbours <count>', 'neighbours that vote (default: 20)', whole(1))
    .addOption(
      new Option('--matching <name>', 'of match-consistency: the run’s own, or similarity')
        .choices(['method', 'similarity'])
        .default('method'),
    )
    .addOption(
      new Option(
        '--statistics <name>',
        'of batch normalization: each network’s own running ones, or estimated from these images',
      )
        .choices(statisticsNames)
        .default('running'),
    )
    .option(
      '--void <labels>',
      'mask values without a class, such as 0,11, beside 255; none: every value is a class, 255 too',
      labels,
    )
    .addOption(
      new Option(
        '--mask-orientation <name>',
        'of photos that EXIF turns: masks turned already, or stored as the photos are',
      ).choices(['turned', 'stored']),
    )
    .addOption(
      new Option(
        '--split <name>',
        'by folders (train, val, test), by a hash of names, or auto: by folders where all are parts of a split',
      )
        .choices(['auto', 'folders', 'hash'])
        .default('auto'),
    )
    .option('--keep-masks', 'take masks among the images of --data as images', false)
    .option('--classes <names>', 'names with commas between, or a file with one a line')
    .option('--limit <images>', 'at most so many images to learn from and to score', whole(1))
    .option('--seed <number>', 'of crops and of the probe’s held-out images', whole(0), 0)
    .addOption(new Option('--backend <name>', 'where to compute').choices(backendNames).default('auto'))
    .option('--json <file>', 'write everything that was measured')
    .action(async (run: string, options) => {
      const { evaluateCommand } = await import('./commands/evaluate.ts');
      setExitCode(await evaluateCommand(run, options));
    });

  root
    .command('demo')
    .description('pre-train on built-in scenes and show what it learned, in a few minutes')
    .addOption(new Option('--backend <name>', 'where to compute').choices(backendNames).default('auto'))
    .option('--seed <number>', 'every random draw follows from it', whole(0), 0)
    .option('--epochs <count>', 'passes over the scenes (default: what fits in a few minutes)', whole(1))
    .option('--out <dir>', 'run folder', 'runs/demo')
    .action(async (options) => {
      const { demoCommand } = await import('./commands/demo.ts');
      setExitCode(await demoCommand(options));
    });

  root
    .command('export')
    .description('write the backbone of a run for torchvision, mmsegmentation, Detectron2 or a web page')
    .argument('<run>', 'run folder')
    .addOption(new Option('--format <name>', 'for what').choices(exportFormatNames).makeOptionMandatory())
    .addOption(new Option('--encoder <name>', 'which of the two').choices(encoderNames).default('online'))
    .requiredOption('--out <file>', '.safetensors, .pth, .pkl, or for tfjs model.json')
    .action(async (run: string, options) => {
      const { exportCommand } = await import('./commands/export.ts');
      setExitCode(await exportCommand(run, options));
    });

  root
    .command('import')
    .description('read weights of PyTorch (safetensors; .pth or .pkl, executing nothing) to start from')
    .argument('<file>', 'weights of a ResNet, bare or in a checkpoint')
    .addOption(
      new Option('--arch <name>', 'what they must be (default: what they are)').choices(architectureNames),
    )
    .option('--network <name>', 'which network of the file, where it has several (default: the online one)')
    .option('--out <file>', 'safetensors to write (default: <file>-backbone.safetensors)')
    .action(async (file: string, options) => {
      const { importCommand } = await import('./commands/import.ts');
      setExitCode(await importCommand(file, options));
    });

  root
    .command('report')
    .description('draw the report of a run anew, from its folder alone')
    .argument('<run>', 'run folder')
    .option('--out <file>', 'where to (default: report.html in the run folder)')
    .action(async (run: string, options) => {
      const { reportCommand } = await import('./commands/report.ts');
      setExitCode(await reportCommand(run, options));
    });

  root
    .command('watch')
    .description('show the report of a run in the browser as it grows, on this machine only')
    .argument('<run>', 'run folder')
    .option('--port <number>', 'of 127.0.0.1 (default: any that is free)', port)
    .action(async (run: string, options) => {
      const { watchCommand } = await import('./commands/watch.ts');
      setExitCode(await watchCommand(run, options));
    });

  root
    .command('install-tensorflow')
    .description('set up the TensorFlow backend (native, several times faster than WASM)')
    .option('--gpu', 'the CUDA build (default: where an NVIDIA card is found)')
    .option('--no-gpu', 'the build for the processor, even where there is a card')
    .option('--force', 'install again over a working installation')
    .action(async (options) => {
      const { installTensorflowCommand } = await import('./commands/install-tensorflow.ts');
      setExitCode(await installTensorflowCommand(options));
    });

  return root;
}

/**
 * Runs the command line; returns the exit code. A mistake of the user, or of the system (disk, permissions), is
 * told on standard error without a stack; anything else is a bug and is thrown.
 */
export async function main(args: readonly string[]): Promise<number> {
  let code = 0;
  try {
    await program((value) => {
      code = value;
    }).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    const { PixconError } = await import('@pixcon/core');
    const known = PixconError.isInstance(error) || (error instanceof Error && 'syscall' in error);
    if (!known) throw error;
    process.stderr.write(`pixcon: ${printable(error.message)}\n`);
    return 1;
  }
}

/** `main` as a process: ends it, because some backends (WebGPU) would keep it alive. */
export async function run(args: readonly string[]): Promise<never> {
  let lost: Error | undefined;
  // A closed terminal must not end the training that writes to it.
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') lost = error;
  });
  const code = await main(args);
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
  );
  if (lost === undefined) process.exit(code);
  // On a full disk, what was asked for is not in the file that it was sent to.
  const { writeFailure } = await import('@pixcon/checkpoints/node');
  const { reason, cure } = writeFailure(lost) ?? { reason: lost.message, cure: 'try again' };
  process.stderr.write(`pixcon: could not write to standard output: ${reason}; ${cure}\n`);
  process.exit(code === 0 ? 1 : code);
}
