import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  assertTensorsFit,
  exportDetectron2,
  exportGraphModel,
  exportMmsegmentation,
  exportTorchvision,
  toFloat32,
} from '@pixcon/checkpoints';
import { readCheckpoint, writeFileAtomic, writeFilesAtomic } from '@pixcon/checkpoints/node';
import { PixconError } from '@pixcon/core';
import { buildAugmentation } from '../augmentation-config.ts';
import { encoderNames, type exportFormatNames } from '../names.ts';
import { assertCheckpoint, type OpenedRun, openRun } from '../open-run.ts';
import { prepareOutput } from '../prepare-output.ts';
import { stepsDone } from '../steps-done.ts';
import { uninterrupted } from '../uninterrupted.ts';

export interface ExportCommandOptions {
  readonly format: (typeof exportFormatNames)[number];
  readonly encoder: (typeof encoderNames)[number];
  readonly out: string;
}

const files = {
  torchvision: { write: exportTorchvision, extension: '.safetensors' },
  mmseg: { write: exportMmsegmentation, extension: '.pth' },
  // Detectron2 goes by the ending.
  detectron2: { write: exportDetectron2, extension: '.pkl' },
} as const;

/** `pixcon export RUN`: the backbone for another library. Returns the exit code. */
export async function exportCommand(path: string, options: ExportCommandOptions): Promise<number> {
  const { format, encoder, out } = options;
  const file = format === 'tfjs' ? graphModelPath(out) : out;
  assertFile(file, format === 'tfjs' ? '.json' : files[format].extension);
  const run = await openRun(path);
  const { tensors, step, other } = await readEncoder(run, encoder);
  await prepareOutput(file);
  const { config, method } = run;
  const metadata = {
    method: method.name,
    architecture: method.backbone.name,
    encoder,
    step: String(step),
    outputStride: String(config.outputStride),
  };
  const lines: string[] = [];
  if (format === 'tfjs') {
    const { graph } = method.backbone;
    if (!graph)
      throw new PixconError('invalid-argument', `${method.backbone.name} cannot be exported as a graph`);
    const { mean, standardDeviation } = buildAugmentation(config.augmentation, config.reference);
    const pixels = { mean, standardDeviation };
    const name = basename(file);
    // Another model of the folder has weight files of its own.
    const shards = name === 'model.json' ? {} : { shardPrefix: basename(name, '.json') };
    const contents = exportGraphModel(graph, tensors, { pixels, metadata, ...shards });
    await uninterrupted(() => writeAll(dirname(file), contents, name));
    lines.push(
      `${file} and its weight files are ready:`,
      `const model = await tf.loadGraphModel(${JSON.stringify(name)});`,
      "const images = tf.expandDims(tf.cast(tf.browser.fromPixels(picture), 'float32')); // RGB, 0 to 255",
      `const features = model.execute(images, '${method.backbone.stages.at(-1)?.name}'); // [1, height / ${method.backbone.stride}, width / ${method.backbone.stride}, ${method.backbone.channels}]`,
    );
  } else {
    const { bytes, recipe, notes } = files[format].write({
      tensors,
      outputStride: config.outputStride,
      metadata,
    });
    await uninterrupted(() => writeFileAtomic(out, bytes));
    lines.push(
      `${out} is ready:`,
      ...recipe.map((line) => line.replace(/\bFILE\b/, () => JSON.stringify(out))),
    );
    lines.push(...notes.map((note) => `note: ${note}`));
  }
  if (other !== undefined) {
    lines.push(`note: this is the ${encoder} encoder; --encoder ${other} takes the ${other} one`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

/** The backbone of an encoder in the last checkpoint, in PyTorch's names and layout. */
async function readEncoder({ path, method }: OpenedRun, encoder: ExportCommandOptions['encoder']) {
  const checkpointPath = assertCheckpoint(path);
  const { sections, record } = await readCheckpoint(checkpointPath);
  const section = sections[encoder];
  if (!section) {
    throw new PixconError(
      'invalid-argument',
      `${method.name} has no ${encoder} encoder; ${path} has ${Object.keys(sections).join(', ')}`,
    );
  }
  const prefix = `${method.backbonePrefix}.`;
  const tensors = new Map(
    [...section].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
    ),
  );
  assertTensorsFit(checkpointPath, method.backbone.parameters, tensors);
  return {
    tensors: toFloat32(tensors),
    step: stepsDone(checkpointPath, record),
    other: encoderNames.find((name) => name !== encoder && sections[name] !== undefined),
  };
}

function assertFile(out: string, extension: string): void {
  if (!out.endsWith(extension)) {
    throw new PixconError('invalid-argument', `--out: expected a file that ends in ${extension}, got ${out}`);
  }
}

/** The path of model.json for a path to it or to its folder. */
function graphModelPath(out: string): string {
  if (out.endsWith('/') || (existsSync(out) && statSync(out).isDirectory())) return join(out, 'model.json');
  return out;
}

/**
 * All or nothing: where the disk is full, an earlier export stays as it was. Weights come first, so that a model.json
 * never names a file that is not there.
 */
async function writeAll(
  folder: string,
  contents: ReadonlyMap<string, Uint8Array>,
  model: string,
): Promise<void> {
  await writeFilesAtomic(
    [...contents].map(
      ([name, bytes]) => [join(folder, name === 'model.json' ? model : name), bytes] as const,
    ),
  );
}
