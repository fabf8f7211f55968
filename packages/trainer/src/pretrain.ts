import type { Json } from '@pixcon/checkpoints';
import { type ImageDataset, type Method, type MethodState, PixconError, RandomStream } from '@pixcon/core';
import { constant, cosineMomentum, warmupCosine } from '@pixcon/schedules';
import { deviceViews, disposeViews } from './device-views.ts';
import type { MetricsRecord } from './events.ts';
import { HealthMonitor } from './health.ts';
import { type PretrainOptions, resolvePretrainOptions } from './pretrain-options.ts';
import { RunFolder } from './run-folder.ts';
import { captureState, restoreState } from './run-state.ts';
import { StepLog } from './step-log.ts';
import { Throughput } from './throughput.ts';
import { trainStep } from './train-step.ts';
import { stepsPerEpoch, twoViewLoader } from './two-view-loader.ts';
import { UnreadableImages } from './unreadable-images.ts';

export interface PretrainResult {
  /** The trained networks and queues; the caller disposes them. */
  readonly state: MethodState;
  /** Steps of the whole run. */
  readonly steps: number;
  /** The last logged record. */
  readonly metrics: MetricsRecord | undefined;
  /** Names of the images that could not be read and were skipped. */
  readonly unreadable: readonly string[];
}

/**
 * Pre-trains a method on a data set, on the backend that is running: data loading, schedules, logging,
 * checkpoints and resuming. The learning rate warms up linearly and falls along a cosine; the target momentum
 * rises to 1 along a cosine.
 *
 * With `out`, the folder gets `config.json`, `metrics.jsonl`, `checkpoint.safetensors` (all that is needed to go
 * on) and `backbone.safetensors` (the online backbone, torchvision's names). A run that is killed at any moment
 * and resumed makes the same steps as one that was not: the same losses bit for bit, on one backend and machine.
 *
 * @throws PixconError `invalid-argument` for options that do not fit, `unreadable-data` when more than 5 % of the
 * images cannot be read, `numerical` when a loss is no longer finite, `checkpoint` when `resume` finds another
 * run, `interrupted` after `signal` fired and the state was saved
 * @example
 * await startBackend();
 * const method = pixcon({ backbone: resnet18(), matching: semanticReweighting(similarityMatching()) });
 * const { state } = await pretrain(method, imageFolder('photos'), { epochs: 100, out: 'runs/sr' });
 * state.dispose();
 */
export async function pretrain(
  method: Method,
  dataset: ImageDataset,
  options: PretrainOptions,
): Promise<PretrainResult> {
  const { signal, onEvent, config } = options;
  const resolved = resolvePretrainOptions(options);
  const { epochs, batchSize, imageSize, out, seed, augmentation, optimizer, logEverySteps } = resolved;
  const perEpoch = stepsPerEpoch(dataset, batchSize);
  const totalSteps = perEpoch * epochs;
  const checkpointEvery = resolved.checkpointEverySteps ?? Math.min(500, perEpoch);
  const learningRateAt = warmupCosine({
    base: resolved.learningRate,
    totalSteps,
    warmupSteps: Math.round(resolved.warmupEpochs * perEpoch),
  });
  const targetMomentumAt =
    method.targetMomentum === undefined
      ? constant(0)
      : cosineMomentum({ base: method.targetMomentum, totalSteps });

  const folder = out === undefined ? undefined : await RunFolder.open(out, { resume: resolved.resume });
  const checkpoint = resolved.resume ? await folder?.readCheckpoint() : undefined;
  const random = new RandomStream(seed);
  const state = initialState(method, { seed, datasetSize: dataset.length, batchSize });
  const log = new StepLog();
  const unreadable = new UnreadableImages(dataset.length, (name, reason) =>
    onEvent?.({ type: 'warning', message: `skipped ${name}: ${reason}` }),
  );
  try {
    const identity = {
      backbone: method.backbone.name,
      batchSize,
      imageSize,
      images: dataset.length,
      learningRate: resolved.learningRate,
      warmupEpochs: resolved.warmupEpochs,
      optimizer: optimizer.name,
      settings: method.settings as Json,
    } as const;
    const recordOf = (step: number) => ({ step, totalSteps, seed, method: method.name, identity });
    const start = checkpoint ? restoreState(checkpoint, state, optimizer, recordOf(0)).step : 0;
    await folder?.keepMetricsBefore(start);
    await folder?.writeConfig(
      config ?? {
        ...identity,
        method: method.name,
        epochs,
        seed,
        optimizer: { name: optimizer.name, ...optimizer.settings },
        augmentation,
      },
    );

    const chance = method.chanceLoss?.(state);
    const queues = Object.entries(state.queues);
    const queueLengths = Object.fromEntries(queues.map(([name, queue]) => [name, queue.length]));
    const fills = () => Math.min(...queues.map(([, queue]) => queue.filled));
    const queueFilled = () => queues.every(([, queue]) => queue.filled >= queue.length);
    onEvent?.({
      type: 'start',
      step: start,
      totalSteps,
      stepsPerEpoch: perEpoch,
      epochs,
      parameters: countParameters(state),
      queueLengths,
      chance,
    });

    const health = new HealthMonitor();
    const throughput = new Throughput(batchSize);
    let metrics: MetricsRecord | undefined;

    /** Fetches, checks and writes what was logged since the last time. */
    const flush = async (): Promise<void> => {
      const records = (await log.fetch()).map(({ step, values }): MetricsRecord => {
        const { loss = Number.NaN, ...rest } = values;
        return {
          step,
          epoch: Math.floor(step / perEpoch),
          loss,
          ...(chance === undefined ? {} : { chance }),
          ...rest,
          learningRate: learningRateAt(step),
          targetMomentum: targetMomentumAt(step),
          queueFilled: queues.length > 0 ? fills() : 0,
          imagesPerSecond: throughput.imagesPerSecond,
        };
      });
      const last = records.at(-1);
      if (!last) return;
      metrics = last;
      await folder?.appendMetrics(records);
      const warning = health.read({ ...last, queueFilled: queueFilled() });
      if (warning !== undefined) onEvent?.({ type: 'warning', message: warning });
    };

    const save = async (step: number): Promise<void> => {
      // A state whose losses were not looked at might be broken already; then the last good one must stay.
      await flush();
      if (!folder) return;
      await folder.writeCheckpoint(captureState(state, optimizer, recordOf(step)));
      onEvent?.({ type: 'checkpoint', step, path: folder.checkpointPath });
    };

    const loader = twoViewLoader(dataset, {
      batchSize,
      imageSize,
      augmentation,
      random: random.fork('data'),
      unreadable,
      start,
      end: totalSteps,
    });
    for await (const batch of loader) {
      const { step } = batch;
      const views = deviceViews(batch, augmentation);
      const scalars = trainStep(method, state, optimizer, views, {
        step,
        learningRate: learningRateAt(step),
        targetMomentum: targetMomentumAt(step),
        random: random.fork('step', step),
      });
      disposeViews(views);
      log.add(step, batch.names, scalars);
      const done = step + 1;
      if (done % logEverySteps === 0 || done === start + 1) await flush();
      throughput.tick();
      onEvent?.({
        type: 'step',
        step: done,
        totalSteps,
        epoch: Math.floor(step / perEpoch),
        epochs,
        imagesPerSecond: throughput.imagesPerSecond,
        secondsLeft: throughput.secondsFor(totalSteps - done),
        phase: queueFilled() ? 'training' : 'queue is filling',
        metrics,
      });
      if (signal?.aborted) {
        await save(done);
        throw new PixconError(
          'interrupted',
          `pretrain: stopped after step ${done} of ${totalSteps}${folder ? `; go on with --resume --out ${folder.path}` : ''}`,
        );
      }
      if (done % checkpointEvery === 0 && done < totalSteps) await save(done);
      // A backend that computes synchronously would otherwise never let the event loop see a signal.
      await new Promise((resolve) => setTimeout(resolve));
    }
    await save(totalSteps);
    await folder?.exportBackbone(method, state);
    return { state, steps: totalSteps, metrics, unreadable: unreadable.names };
  } catch (error) {
    state.dispose();
    throw error;
  } finally {
    log.dispose();
    optimizer.dispose();
  }
}

export interface InitialStateOptions {
  readonly seed: number;
  readonly datasetSize: number;
  readonly batchSize: number;
}

/** The state that `pretrain` starts from for a seed: the untrained network to compare with. */
export function initialState(method: Method, options: InitialStateOptions): MethodState {
  const { seed, ...sizes } = options;
  return method.initialize({ random: new RandomStream(seed).fork('initialize'), ...sizes });
}

function countParameters(state: MethodState): number {
  return state.online
    .trainable()
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}
