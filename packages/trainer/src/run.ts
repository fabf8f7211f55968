import { type ImageDataset, type Method, type MethodState, PixconError, RandomStream } from '@pixcon/core';
import { keepDecoded } from '@pixcon/datasets';
import { type LossScale, lossScale } from '@pixcon/optimizers';
import { constant, cosineMomentum, warmupCosine } from '@pixcon/schedules';
import * as tf from '@tensorflow/tfjs-core';
import { type ChanceLevels, chanceLevels, chanceRecord } from './chance-levels.ts';
import { checkedImages } from './check-image.ts';
import { assertState } from './check-parts.ts';
import { deviceViews, disposeViews } from './device-views.ts';
import type { MetricsRecord } from './events.ts';
import { FirstSteps, type InspectedStep } from './first-steps.ts';
import { HealthMonitor } from './health.ts';
import { initialState } from './initial-state.ts';
import { memoryInUse } from './memory-in-use.ts';
import { startNotices } from './notices.ts';
import type { PretrainOptions, ResolvedPretrainOptions } from './pretrain-options.ts';
import { PictureFolder } from './report/picture-folder.ts';
import { RunPictures } from './report/run-pictures.ts';
import { RunReport } from './report/run-report.ts';
import type { RunFolder } from './run-folder.ts';
import { describeRun, type RunIdentity } from './run-identity.ts';
import { assertFiniteState, captureState, restoreState } from './run-state.ts';
import { explain, StepChecks } from './step-checks.ts';
import { StepLog, type StepValues } from './step-log.ts';
import { Throughput } from './throughput.ts';
import { type StepScalars, trainStep } from './train-step.ts';
import { type HostBatch, stepsPerEpoch, twoViewLoader } from './two-view-loader.ts';
import { UnreadableImages } from './unreadable-images.ts';

export interface PretrainResult {
  /** The trained networks and queues; the caller disposes them. */
  readonly state: MethodState;
  /** Steps of the whole run. */
  readonly steps: number;
  /** The record of the last step; none where a complete run was resumed. */
  readonly metrics: MetricsRecord | undefined;
  /** Names of the images that could not be read and were skipped. */
  readonly unreadable: readonly string[];
}

export interface RunInput {
  readonly method: Method;
  readonly dataset: ImageDataset;
  readonly state: MethodState;
  readonly folder: RunFolder | undefined;
  readonly options: ResolvedPretrainOptions;
  readonly hooks: Pick<PretrainOptions, 'signal' | 'onEvent' | 'config'>;
}

/** One call of `pretrain`: what its parts share. */
export class Run {
  readonly #input: RunInput;
  readonly #random: RandomStream;
  readonly #identity: RunIdentity;
  readonly #stepsPerEpoch: number;
  readonly #totalSteps: number;
  readonly #checkpointEvery: number;
  readonly #learningRateAt: (step: number) => number;
  readonly #targetMomentumAt: (step: number) => number;
  readonly #chance: ChanceLevels;
  readonly #log = new StepLog();
  readonly #health = new HealthMonitor();
  readonly #throughput: Throughput;
  readonly #unreadable: UnreadableImages;
  readonly #report: RunReport | undefined;
  /** Where the backbone trains in mixed precision. */
  #lossScale: LossScale | undefined;
  #metrics: MetricsRecord | undefined;
  #firstSteps: FirstSteps | undefined;

  /** @throws PixconError `invalid-argument` for a data set or a schedule that does not fit */
  constructor(input: RunInput) {
    const { method, dataset, state, options } = input;
    const { batchSize, epochs, learningRate, warmupEpochs } = options;
    assertState(method, state);
    this.#input = input;
    this.#random = new RandomStream(options.seed);
    this.#identity = describeRun(method, state, dataset, options);
    this.#stepsPerEpoch = stepsPerEpoch(dataset, batchSize);
    this.#totalSteps = this.#stepsPerEpoch * epochs;
    this.#checkpointEvery = options.checkpointEverySteps ?? Math.min(500, Math.max(50, this.#stepsPerEpoch));
    this.#learningRateAt = warmupCosine({
      base: learningRate,
      totalSteps: this.#totalSteps,
      warmupSteps: Math.round(warmupEpochs * this.#stepsPerEpoch),
    });
    this.#targetMomentumAt =
      method.targetMomentum === undefined || method.targetMomentumSchedule === 'constant'
        ? constant(method.targetMomentum ?? 0)
        : cosineMomentum({ base: method.targetMomentum, totalSteps: this.#totalSteps });
    this.#chance = chanceLevels(method, state);
    this.#throughput = new Throughput(batchSize);
    this.#unreadable = new UnreadableImages(dataset.length, (name, reason) =>
      input.hooks.onEvent?.({ type: 'warning', message: `skipped ${name}: ${reason}` }),
    );
    this.#report = this.#makeReport();
  }

  #makeReport(): RunReport | undefined {
    const { folder, method, state, dataset, options, hooks } = this.#input;
    const { report: html, pictures: count, tensorboard, augmentation, imageSize } = options;
    if (!folder || !(html || tensorboard)) return undefined;
    const pictures = new RunPictures({
      folder: new PictureFolder(folder.path),
      method,
      state,
      dataset,
      augmentation,
      imageSize,
      count,
      random: this.#random.fork('pictures'),
      totalSteps: this.#totalSteps,
    });
    return new RunReport({
      folder,
      pictures: html && count > 0 ? pictures : undefined,
      html,
      tensorboard,
      warn: (message) => hooks.onEvent?.({ type: 'warning', message }),
    });
  }

  async train(): Promise<PretrainResult> {
    const { folder, method, state } = this.#input;
    await folder?.open();
    try {
      if (method.backbone.precision === 'mixed') this.#lossScale = lossScale();
      const start = await this.#restore();
      await this.#beginChecks(start);
      await folder?.keepMetricsUpTo(start);
      // First: by it, a folder is known to be a run's.
      await folder?.writeRun({ totalSteps: this.#totalSteps, queueLength: this.#queueLength() });
      await folder?.writeConfig(this.#config());
      this.#announce(start);
      await this.#report?.begin(start, this.#config());
      for await (const batch of this.#batches(start)) await this.#step(batch, start);
      await this.#save(this.#totalSteps);
      await folder?.exportBackbone(method, state);
      await this.#report?.step(this.#totalSteps);
      await this.#report?.end('finished');
    } catch (error) {
      const discarded = this.#metrics === undefined && (await folder?.discard()) === true;
      if (!discarded) await this.#report?.end('stopped');
      throw error;
    } finally {
      this.#log.dispose();
      this.#lossScale?.dispose();
      await this.#report?.close();
      await folder?.close();
    }
    return {
      state,
      steps: this.#totalSteps,
      metrics: this.#metrics,
      unreadable: this.#unreadable.names,
    };
  }

  /** Goes on from the folder's checkpoint where that was asked for; returns the steps done. */
  async #restore(): Promise<number> {
    const { folder, options, state, hooks } = this.#input;
    const checkpoint = options.resume ? await folder?.readCheckpoint() : undefined;
    if (!checkpoint) {
      const message = await folder?.beginAnew();
      if (message !== undefined) hooks.onEvent?.({ type: 'notice', message });
      return 0;
    }
    const { step, backend, unreadable } = restoreState(
      checkpoint,
      state,
      options.optimizer,
      this.#identity,
      this.#lossScale,
    );
    this.#unreadable.restore(unreadable);
    if (backend !== tf.getBackend()) {
      hooks.onEvent?.({
        type: 'notice',
        message: `the checkpoint was made on the ${backend} backend, and ${tf.getBackend()} rounds otherwise: the losses will not be those of one uninterrupted run to the last bit`,
      });
    }
    return step;
  }

  /** @param start steps done */
  async #beginChecks(start: number): Promise<void> {
    const { method, state, dataset, options, hooks } = this.#input;
    const { optimizer, seed, batchSize } = options;
    const sizes = { datasetSize: dataset.length, batchSize };
    this.#firstSteps = new FirstSteps({
      method,
      state,
      optimizer,
      scaled: this.#lossScale !== undefined,
      initial: start === 0 ? () => initialState(method, { seed, ...sizes }) : undefined,
      tell: (event) => hooks.onEvent?.(event),
    });
    await this.#firstSteps.begin();
  }

  #config(): object {
    const { hooks, options } = this.#input;
    const { logEverySteps } = options;
    return hooks.config ?? { ...this.#identity, logEverySteps, checkpointEverySteps: this.#checkpointEvery };
  }

  #announce(step: number): void {
    const { method, dataset, state, options, hooks } = this.#input;
    hooks.onEvent?.({
      type: 'start',
      step,
      totalSteps: this.#totalSteps,
      stepsPerEpoch: this.#stepsPerEpoch,
      epochs: options.epochs,
      parameters: countParameters(state),
      queueLengths: Object.fromEntries(
        Object.entries(state.queues).map(([name, queue]) => [name, queue.length]),
      ),
      chance: this.#chance.total,
      chanceTerms: this.#chance.terms,
    });
    for (const message of dataset.notices ?? []) hooks.onEvent?.({ type: 'notice', message });
    const sizes = { images: dataset.length, imageSize: options.imageSize };
    for (const event of startNotices(method, state, sizes)) hooks.onEvent?.(event);
  }

  #batches(start: number): AsyncGenerator<HostBatch, void, undefined> {
    const { method, dataset, options } = this.#input;
    return twoViewLoader(keepDecoded(checkedImages(dataset)), {
      batchSize: options.batchSize,
      imageSize: options.imageSize,
      augmentation: options.augmentation,
      ...(method.instances && { instances: method.instances }),
      random: this.#random.fork('data'),
      unreadable: this.#unreadable,
      start,
      end: this.#totalSteps,
    });
  }

  async #step(batch: HostBatch, start: number): Promise<void> {
    const { method, state, folder, options, hooks } = this.#input;
    const { step, names } = batch;
    const views = deviceViews(batch, options.augmentation);
    const done = step + 1;
    const learningRate = this.#learningRateAt(step);
    const isInspected = this.#firstSteps?.isDue === true;
    const checks = new StepChecks(isInspected);
    let scalars: StepScalars | undefined;
    try {
      scalars = trainStep(method, state, options.optimizer, views, {
        step,
        learningRate,
        fixedLearningRate: options.learningRate,
        targetMomentum: this.#targetMomentumAt(step),
        random: this.#random.fork('step', step),
        accumulate: options.accumulate,
        lossScale: this.#lossScale,
        inspect: checks.match,
        inspector: isInspected ? checks : undefined,
      });
      const isLast = done === this.#totalSteps;
      if (isInspected) await this.#firstSteps?.check({ step: done, isLast, learningRate, views, checks });
      this.#log.add({ step: done, names, queueFilled: this.#queueFilled() }, scalars, checks.takeFaults());
      scalars = undefined;
    } catch (error) {
      const at = { step: done, views, checks };
      throw await explain(error, () =>
        isInspected ? this.#firstSteps?.assertMatches(at) : this.#lookForFault(at),
      );
    } finally {
      if (scalars) tf.dispose(Object.values(scalars));
      checks.dispose();
      disposeViews(views);
    }
    const due = done % options.logEverySteps === 0 || done === start + 1 || done === this.#totalSteps;
    const fetched = due ? await this.#log.fetch() : undefined;
    this.#throughput.tick();
    if (fetched) await this.#record(fetched);
    hooks.onEvent?.({
      type: 'step',
      step: done,
      totalSteps: this.#totalSteps,
      epoch: Math.floor(step / this.#stepsPerEpoch),
      epochs: options.epochs,
      imagesPerSecond: this.#throughput.imagesPerSecond,
      secondsLeft: this.#throughput.secondsFor(this.#totalSteps - done),
      phase: this.#queueIsFull() ? 'training' : 'queue is filling',
      metrics: fetched?.steps.at(-1) && this.#metrics,
    });
    // A backend that computes synchronously would otherwise never let the event loop see a signal.
    await new Promise((resolve) => setTimeout(resolve));
    if (hooks.signal?.aborted) {
      await this.#save(done, names);
      throw new PixconError(
        'interrupted',
        `pretrain: stopped after step ${done} of ${this.#totalSteps}${folder ? `; go on with --resume --out ${folder.path}` : ''}`,
      );
    }
    if (done === this.#totalSteps) return;
    if (done % this.#checkpointEvery === 0) await this.#save(done, names);
    await this.#report?.step(done);
  }

  /** Of a step that failed: earlier ones that were not fetched yet, and what they made of the state, come first. */
  async #lookForFault({
    step,
    views,
    checks,
  }: Pick<InspectedStep, 'step' | 'views' | 'checks'>): Promise<void> {
    const { state, options } = this.#input;
    await this.#record(await this.#log.fetch());
    await assertFiniteState(state, options.optimizer, { step: step - 1, names: views.names });
    const broken = await checks.brokenMatch();
    if (broken) throw broken.error;
  }

  /** Writes what was fetched, and stops on what is not finite: the steps before it are still written. */
  async #record({ steps, failure }: Awaited<ReturnType<StepLog['fetch']>>): Promise<void> {
    const { folder, hooks } = this.#input;
    const records = steps.map((values) => this.#metricsOf(values));
    await folder?.appendMetrics(records);
    await this.#report?.record(records);
    const last = records.at(-1);
    if (last) {
      this.#metrics = last;
      const reading = { record: last, chance: this.#chance, queueIsFull: this.#queueIsFull() };
      for (const message of this.#health.read(reading)) hooks.onEvent?.({ type: 'warning', message });
    }
    if (failure) throw failure;
  }

  #metricsOf({ step, queueFilled, values }: StepValues): MetricsRecord {
    const { loss = Number.NaN, ...rest } = values;
    const before = step - 1;
    return {
      step,
      epoch: Math.floor(before / this.#stepsPerEpoch),
      loss,
      ...chanceRecord(this.#chance),
      ...rest,
      learningRate: this.#learningRateAt(before),
      targetMomentum: this.#targetMomentumAt(before),
      queueFilled,
      imagesPerSecond: this.#throughput.imagesPerSecond,
      ...memoryInUse(),
    };
  }

  /** A checkpoint after `done` steps; only of a state that is known to be good, so that the last good one stays. */
  async #save(done: number, names: readonly string[] = []): Promise<void> {
    const { state, folder, options, hooks } = this.#input;
    await this.#record(await this.#log.fetch());
    await assertFiniteState(state, options.optimizer, { step: done, names });
    if (!folder) return;
    const record = { step: done, identity: this.#identity, unreadable: this.#unreadable.save() };
    await folder.writeCheckpoint(captureState(state, options.optimizer, record, this.#lossScale));
    hooks.onEvent?.({ type: 'checkpoint', step: done, path: folder.checkpointPath });
  }

  #queueFilled(): number {
    const filled = Object.values(this.#input.state.queues).map((queue) => queue.filled);
    return filled.length === 0 ? 0 : Math.min(...filled);
  }

  /** Of the longest queue; 0 without one. */
  #queueLength(): number {
    return Math.max(0, ...Object.values(this.#input.state.queues).map(({ length }) => length));
  }

  #queueIsFull(): boolean {
    return Object.values(this.#input.state.queues).every((queue) => queue.filled >= queue.length);
  }
}

function countParameters(state: MethodState): number {
  return state.online
    .trainable()
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}
