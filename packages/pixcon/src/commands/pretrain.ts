import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { explainBackend, startBackend } from '@pixcon/backend';
import { PixconError } from '@pixcon/core';
import { imageFolder } from '@pixcon/datasets';
import { pretrain } from '@pixcon/trainer';
import { buildMethod } from '../build-method.ts';
import { ownConfig, readConfigFile } from '../config-file.ts';
import { exportNotice } from '../export-notice.ts';
import { readInitialWeights, startFrom } from '../initial-weights.ts';
import { interruptible } from '../interruptible.ts';
import { joinSettings } from '../methods/recipes.ts';
import { pretrainOptions } from '../pretrain-options.ts';
import { Progress } from '../progress.ts';
import { type RunConfig, resolveRunConfig } from '../run-config.ts';

export interface PretrainCommandOptions {
  /** JSON with settings. Default when resuming: the run folder's own. */
  readonly config?: string;
  readonly out: string;
  readonly resume: boolean;
  /** Whether masks among the images are images, too. */
  readonly keepMasks?: boolean;
  /** Flags that were given, by the configuration's names. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** What the backbone begins with: a file, and one of its networks. */
type Beginning = { readonly init?: string | undefined; readonly network?: string | undefined };

/** `pixcon pretrain DIR`: returns the exit code. */
export async function pretrainCommand(directory: string, options: PretrainCommandOptions): Promise<number> {
  const { out, resume, keepMasks = false, flags } = options;
  const path = options.config ?? (resume ? ownConfig(out) : undefined);
  const file = path === undefined ? {} : await readConfigFile(path);
  const { option: own, ...named } = flags;
  const asked = joinSettings(file, own === undefined ? named : { ...named, options: own });
  const settings = resolveRunConfig(asked, path ?? 'pretrain');
  // A run that goes on has all of its weights in its checkpoint.
  const goesOn = resume && existsSync(join(out, 'checkpoint.safetensors'));
  const { init, network } = goesOn ? await beginningOfRun(out, settings) : settings;
  if (network !== undefined && init === undefined) {
    throw new PixconError(
      'invalid-argument',
      '--network chooses among the networks of --init FILE, got no --init',
    );
  }
  let config: RunConfig = {
    ...settings,
    // A path that still holds when the run is opened from elsewhere.
    ...(init === undefined ? {} : { init: resolve(init) }),
    ...(network === undefined ? {} : { network }),
  };
  const dataset = imageFolder(directory, { masks: keepMasks ? 'keep' : 'skip' });
  const progress = new Progress();
  // What else lies there, the training tells.
  if (resume && !goesOn && ownConfig(out) === undefined)
    progress.line(`nothing to resume: ${out} holds no run yet, so a new one begins`);
  const backend = await startBackend(config.backend);
  progress.line(explainBackend(backend));
  let method = buildMethod(config);
  if (config.init !== undefined && !goesOn) {
    const initial = await readInitialWeights(config.init, {
      parameters: () => method.backbone.parameters,
      arch: config.arch,
      network,
    });
    method = startFrom(method, initial.tensors);
    // Whoever opens the run takes the same one.
    if (initial.network !== undefined) config = { ...config, network: initial.network };
    progress.line(initial.summary);
  }
  progress.line(
    `${config.method}, ${config.arch}, ${config.imageSize} px, ${dataset.length} images from ${directory}`,
  );
  const notice = exportNotice(method.backbone, config.outputStride);
  return interruptible(progress, async (signal) => {
    const result = await pretrain(method, dataset, {
      ...pretrainOptions(config, dataset.length),
      out,
      resume,
      signal,
      onEvent: (event) => {
        progress.handle(event);
        // Only of a run that begins: one that is refused says just that.
        if (event.type === 'start' && notice !== undefined) progress.line(notice);
      },
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

/**
 * What the backbone of a run began with: it stays in `config.json`, whatever configuration the run goes on with,
 * because an evaluation compares with it.
 *
 * @throws PixconError `invalid-argument` when other weights are asked for
 */
async function beginningOfRun(out: string, given: Beginning): Promise<Beginning> {
  const path = ownConfig(out);
  if (path === undefined) return given;
  const { init, network } = resolveRunConfig(await readConfigFile(path), path);
  if (given.init !== undefined && (init === undefined || resolve(given.init) !== resolve(init))) {
    throw new PixconError(
      'invalid-argument',
      `--init: the run in ${out} began ${init === undefined ? 'without it' : `with ${init}`} and goes on from its checkpoint, got ${given.init}; leave --init out, or begin another run (--out)`,
    );
  }
  // The run has the whole name, of which a part may have been given.
  if (given.network !== undefined && !`.${network}.`.includes(`.${given.network}.`)) {
    throw new PixconError(
      'invalid-argument',
      `--network: the run in ${out} began with ${network ?? 'the one network of its file'} and goes on from its checkpoint, got ${given.network}; leave --network out, or begin another run (--out)`,
    );
  }
  return { init, network };
}

function describeUnreadable(names: readonly string[]): string {
  const more = names.length > 20 ? ` and ${names.length - 20} more` : '';
  const subject = names.length === 1 ? '1 unreadable image was' : `${names.length} unreadable images were`;
  return `${subject} skipped: ${names.slice(0, 20).join(', ')}${more}`;
}
