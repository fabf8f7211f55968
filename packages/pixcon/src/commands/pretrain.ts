import { readFile } from 'node:fs/promises';
import { explainBackend, startBackend } from '@pixcon/backend';
import { PixconError } from '@pixcon/core';
import { imageFolder } from '@pixcon/datasets';
import { pretrain } from '@pixcon/trainer';
import { buildAugmentation, buildMethod, buildOptimizer } from '../build-method.ts';
import { watchInterrupts } from '../interrupts.ts';
import { Progress } from '../progress.ts';
import { resolveRunConfig } from '../run-config.ts';

export interface PretrainCommandOptions {
  readonly config?: string;
  readonly out: string;
  readonly resume: boolean;
  /** Flags that were given, by the configuration's names. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** `pixcon pretrain DIR`: returns the exit code. */
export async function pretrainCommand(directory: string, options: PretrainCommandOptions): Promise<number> {
  const { out, resume, flags } = options;
  const file = options.config === undefined ? {} : await readConfigFile(options.config);
  const config = resolveRunConfig({ ...file, ...flags }, options.config ?? 'pretrain');
  const dataset = imageFolder(directory);
  const progress = new Progress();
  const backend = await startBackend(config.backend);
  progress.line(explainBackend(backend));
  const method = buildMethod(config);
  progress.line(
    `${config.method}, ${config.arch}, ${config.imageSize} px, ${dataset.length} images from ${directory}`,
  );
  const interrupts = watchInterrupts((name) =>
    progress.line(`${name}: finishing this step and saving (again to stop at once)`),
  );
  try {
    const result = await pretrain(method, dataset, {
      epochs: config.epochs,
      batchSize: config.batchSize,
      imageSize: config.imageSize,
      seed: config.seed,
      augmentation: buildAugmentation(config),
      optimizer: buildOptimizer(config),
      ...(config.learningRate === undefined ? {} : { learningRate: config.learningRate }),
      ...(config.warmupEpochs === undefined ? {} : { warmupEpochs: config.warmupEpochs }),
      logEverySteps: config.logEverySteps,
      ...(config.checkpointEverySteps === undefined
        ? {}
        : { checkpointEverySteps: config.checkpointEverySteps }),
      out,
      resume,
      config,
      signal: interrupts.signal,
      onEvent: (event) => progress.handle(event),
    });
    result.state.dispose();
    progress.stop();
    if (result.unreadable.length > 0) {
      progress.line(
        `${result.unreadable.length} unreadable images were skipped: ${result.unreadable.join(', ')}`,
      );
    }
    const loss = result.metrics === undefined ? '' : ` (last loss ${result.metrics.loss.toFixed(3)})`;
    progress.line(`done: ${result.steps} steps${loss}; backbone, checkpoint and metrics are in ${out}`);
    return 0;
  } catch (error) {
    progress.stop();
    const code = interrupts.exitCode();
    if (code === undefined || !PixconError.isInstance(error) || error.code !== 'interrupted') throw error;
    progress.line(error.message);
    return code;
  } finally {
    interrupts.stop();
  }
}

async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new PixconError('invalid-argument', `--config: cannot read ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (cause) {
    throw new PixconError(
      'invalid-argument',
      `--config: ${path} is not valid JSON: ${(cause as Error).message}`,
      { cause },
    );
  }
  throw new PixconError('invalid-argument', `--config: expected an object of settings in ${path}`);
}
