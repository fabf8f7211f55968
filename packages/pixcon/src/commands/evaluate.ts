import { join } from 'node:path';
import { explainBackend, startBackend } from '@pixcon/backend';
import { writeFileAtomic } from '@pixcon/checkpoints/node';
import { type MethodState, type Parameters, PixconError, scoped } from '@pixcon/core';
import type { EvaluationResult } from '@pixcon/evaluation';
import { evaluationReport, evaluationTable } from '../evaluation-report.ts';
import type { backendNames, encoderNames } from '../names.ts';
import { type EvaluationChoices, openEvaluation } from '../open-evaluation.ts';
import { assertCheckpoint, type OpenedRun, openRun } from '../open-run.ts';
import { prepareOutput } from '../prepare-output.ts';
import { Progress } from '../progress.ts';
import { uninterrupted } from '../uninterrupted.ts';
import { drawReport } from './report.ts';

export interface EvaluateCommandOptions extends EvaluationChoices {
  readonly encoder: (typeof encoderNames)[number];
  readonly backend: (typeof backendNames)[number];
  /** File for everything that was measured. */
  readonly json?: string;
}

/** `pixcon evaluate RUN`: scores the untrained and the trained network alike. Returns the exit code. */
export async function evaluateCommand(path: string, options: EvaluateCommandOptions): Promise<number> {
  const { protocol, encoder } = options;
  const run = await openRun(path);
  // What would fail after the work is told before it.
  assertCheckpoint(path);
  const own = ownScores(path, options);
  await prepareOutput(options.json ?? own);
  const progress = new Progress();
  const evaluation = await openEvaluation(run, options);
  progress.line(evaluation.data.description);
  progress.line(evaluation.data.found.description);
  for (const notice of evaluation.data.notices) progress.line(`notice: ${notice}`);
  progress.line(explainBackend(await startBackend(options.backend)));
  const { state, step } = await run.trained();
  const untrained = run.untrained();
  const { init } = run.config;
  const results: EvaluationResult[] = [];
  try {
    for (const [name, network] of [
      [init === undefined ? 'untrained' : 'before training', untrained] as const,
      [`trained, ${step} steps`, state] as const,
    ]) {
      const begun = performance.now();
      const result = await evaluation.score(backboneOf(run, network, encoder));
      results.push(result);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      progress.line(`${name}: ${result.metric} ${(100 * result.value).toFixed(2)}% (${seconds} s)`);
      for (const warning of result.warnings) progress.line(`warning: ${name}: ${warning}`);
    }
  } finally {
    untrained.dispose();
    state.dispose();
  }
  const [before, after] = results as [EvaluationResult, EvaluationResult];
  const scored = { encoder, step, init, data: evaluation.data, untrained: before, trained: after };
  process.stdout.write(evaluationTable(scored));
  const record = {
    report: evaluationReport(scored),
    run: path,
    step,
    protocol,
    encoder,
    data: { images: options.data, masks: options.masks ?? null, ...evaluation.data },
    untrained: before,
    trained: after,
  };
  const text = new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`);
  const write = async (file: string) => {
    await prepareOutput(file);
    await writeFileAtomic(file, text);
    progress.line(`written to ${file}`);
  };
  return await uninterrupted(async () => {
    if (options.json === undefined) await write(own);
    else {
      await write(options.json);
      // The scores are safe: what the run folder does not take (another's, or a full disk) is told, and no more.
      await attempt(progress, () => write(own));
    }
    await attempt(progress, async () => progress.line(`report: ${await drawReport(path)}`));
    return 0;
  });
}

/** Of each stage its own: the report shows them side by side. */
function ownScores(path: string, { protocol, encoder, stage }: EvaluateCommandOptions): string {
  const parts = [protocol, encoder, ...(stage === undefined ? [] : [stage])];
  return join(path, 'scores', `${parts.join('-')}.json`);
}

async function attempt(progress: Progress, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!PixconError.isInstance(error)) throw error;
    progress.line(`warning: ${error.message}`);
  }
}

/** The backbone's parameters of an encoder. */
function backboneOf(
  { method, path }: OpenedRun,
  state: MethodState,
  encoder: 'online' | 'target',
): Parameters {
  const parameters = encoder === 'online' ? state.online : state.target;
  if (parameters) return scoped(parameters, method.backbonePrefix);
  throw new PixconError(
    'invalid-argument',
    `--encoder target: the method of ${path}, ${method.name}, has no target encoder`,
  );
}
