import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { explainBackend, startBackend } from '@pixcon/backend';
import { imageFolder } from '@pixcon/datasets';
import { pretrain } from '@pixcon/trainer';
import { buildMethod } from '../build-method.ts';
import { ownConfig, readConfigFile } from '../config-file.ts';
import { readInitialWeights, startFrom } from '../initial-weights.ts';
import { interruptible } from '../interruptible.ts';
import { pretrainOptions } from '../pretrain-options.ts';
import { Progress } from '../progress.ts';
import { resolveRunConfig } from '../run-config.ts';

export interface PretrainCommandOptions {
  /** JSON with settings. Default when resuming: the run folder's own. */
  readonly config?: string;
  readonly out: string;
  readonly resume: boolean;
  /** Flags that were given, by the configuration's names. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** `pixcon pretrain DIR`: returns the exit code. */
export async function pretrainCommand(directory: string, options: PretrainCommandOptions): Promise<number> {
  const { out, resume, flags } = options;
  const path = options.config ?? (resume ? ownConfig(out) : undefined);
  const file = path === undefined ? {} : await readConfigFile(path);
  const settings = resolveRunConfig({ ...file, ...flags }, path ?? 'pretrain');
  // A path that still holds when the run is opened from elsewhere.
  const config = settings.init === undefined ? settings : { ...settings, init: resolve(settings.init) };
  const dataset = imageFolder(directory);
  const progress = new Progress();
  const backend = await startBackend(config.backend);
  progress.line(explainBackend(backend));
  let method = buildMethod(config);
  // A run that goes on has all of its weights in its checkpoint.
  if (config.init !== undefined && !(resume && existsSync(join(out, 'checkpoint.safetensors')))) {
    const { tensors, summary } = await readInitialWeights(config.init, {
      parameters: () => method.backbone.parameters,
      arch: config.arch,
    });
    method = startFrom(method, tensors);
    progress.line(summary);
  }
  progress.line(
    `${config.method}, ${config.arch}, ${config.imageSize} px, ${dataset.length} images from ${directory}`,
  );
  return interruptible(progress, async (signal) => {
    const result = await pretrain(method, dataset, {
      ...pretrainOptions(config, dataset.length),
      out,
      resume,
      signal,
      onEvent: (event) => progress.handle(event),
    });
    result.state.dispose();
    progress.stop();
    if (result.unreadable.length > 0) progress.line(describeUnreadable(result.unreadable));
    const loss = result.metrics === undefined ? '' : ` (last loss ${result.metrics.loss.toFixed(3)})`;
    progress.line(`done: ${result.steps} steps${loss}; backbone, checkpoint and metrics are in ${out}`);
    if (config.report) progress.line(`report: ${join(out, 'report.html')}`);
    return 0;
  });
}

function describeUnreadable(names: readonly string[]): string {
  const more = names.length > 20 ? ` and ${names.length - 20} more` : '';
  const subject = names.length === 1 ? '1 unreadable image was' : `${names.length} unreadable images were`;
  return `${subject} skipped: ${names.slice(0, 20).join(', ')}${more}`;
}
