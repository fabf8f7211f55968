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
  if (options.json !== undefined) await prepareOutput(options.json);
  const progress = new Progress();
  const evaluation = await openEvaluation(run, options);
  progress.line(evaluation.data.description);
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
  // Of each stage its own: the report shows them side by side.
  const parts = [protocol, encoder, ...(options.stage === undefined ? [] : [options.stage])];
  const own = join(path, 'scores', `${parts.join('-')}.json`);
  return await uninterrupted(async () => {
    for (const file of [own, ...(options.json === undefined ? [] : [options.json])]) {
      await prepareOutput(file);
      await writeFileAtomic(file, new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`));
    }
    progress.line(`written to ${[own, options.json].filter(Boolean).join(' and ')}`);
    progress.line(`report: ${await drawReport(path)}`);
    return 0;
  });
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
