import type { Augmentation } from '@pixcon/augment';
import { type Method, type MethodState, type Optimizer, RandomStream } from '@pixcon/core';
import { cosineMomentum, warmupCosine } from '@pixcon/schedules';
import { trainStep } from '@pixcon/trainer/step';
import type { EncodedPair, ReportMetrics, Snapshot } from '@pixcon/visualize';
import type { Progress, Source } from '../protocol.ts';
import type { LabSettings } from '../settings.ts';
import { writeBackbone } from './backbone-file.ts';
import { storeCheckpoint } from './checkpoint.ts';
import { memoryInUse } from './device.ts';
import { describeImages, type LabImages } from './images.ts';
import type { Pictures } from './pictures.ts';
import { loadSquares, type Squares } from './squares.ts';
import { StepLog, type StepValues } from './step-log.ts';
import { Throughput } from './throughput.ts';
import { disposeViews, makeTwoViews } from './two-views.ts';

/** What a run is made of. */
export interface RunParts {
  readonly settings: LabSettings;
  readonly source: Source['kind'];
  readonly images: LabImages;
  readonly method: Method;
  readonly state: MethodState;
  readonly optimizer: Optimizer;
  readonly augmentation: Augmentation;
  readonly pictures: Pictures;
  /** Steps done before, and their metrics. */
  readonly step: number;
  readonly metrics: readonly ReportMetrics[];
  readonly onUnreadable: (name: string, reason: string) => void;
}

/** One training run: what it needs for a step, and what can be asked of it between steps. */
export class Run {
  readonly #parts: RunParts;
  readonly #random: RandomStream;
  readonly #perEpoch: number;
  readonly #learningRateAt: (step: number) => number;
  readonly #targetMomentumAt: (step: number) => number;
  readonly #chance: Readonly<Record<string, number>>;
  readonly #log = new StepLog();
  readonly #throughput: Throughput;
  readonly #metrics: ReportMetrics[];
  #order: { readonly epoch: number; readonly indices: Int32Array } | undefined;
  #upcoming: { readonly step: number; readonly squares: Promise<Squares> } | undefined;
  #step: number;

  constructor(parts: RunParts) {
    const { settings, images, method, state, step, metrics } = parts;
    const { steps, batch, learningRate } = settings;
    this.#parts = parts;
    this.#random = new RandomStream(settings.seed);
    this.#perEpoch = Math.floor(images.dataset.length / batch);
    const warmupSteps = Math.min(steps - 1, Math.round(steps / 10));
    this.#learningRateAt = warmupCosine({ base: learningRate, totalSteps: steps, warmupSteps });
    this.#targetMomentumAt = cosineMomentum({ base: method.targetMomentum ?? 0, totalSteps: steps });
    this.#chance = chanceLevels(method, state);
    this.#throughput = new Throughput(batch);
    this.#metrics = [...metrics];
    this.#step = step;
  }

  get settings(): LabSettings {
    return this.#parts.settings;
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  get isFinished(): boolean {
    return this.#step >= this.settings.steps;
  }

  get images(): number {
    return this.#parts.images.dataset.length;
  }

  get metrics(): readonly ReportMetrics[] {
    return this.#metrics;
  }

  get parameters(): number {
    const specs = this.#parts.state.online.trainable();
    return specs.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  }

  /** Of the longest queue; 0 without one. */
  get queueLength(): number {
    return Math.max(0, ...Object.values(this.#parts.state.queues).map(({ length }) => length));
  }

  encodePairs(): Promise<EncodedPair[]> {
    return this.#parts.pictures.encode();
  }

  get isSnapshotDue(): boolean {
    return this.#parts.pictures.isDue(this.#step);
  }

  takeSnapshot(): Promise<Snapshot> {
    const { pictures, method, state } = this.#parts;
    return pictures.take(method, state, this.#step);
  }

  writeBackbone(): Promise<Uint8Array> {
    const { method, state } = this.#parts;
    return writeBackbone(method, state, this.#step);
  }

  /** After a pause. */
  restartClock(): void {
    this.#throughput.restart();
  }

  /** One step; its losses stay on the device until `report` fetches them. */
  async advance(): Promise<void> {
    const { method, state, optimizer, augmentation, settings } = this.#parts;
    const step = this.#step;
    const squares = await this.#squaresOf(step);
    const random = this.#random.fork('views', step);
    const views = await makeTwoViews(squares, { augmentation, size: settings.size, random });
    if (step + 1 < settings.steps) void this.#squaresOf(step + 1);
    try {
      const scalars = trainStep(method, state, optimizer, views, {
        step,
        learningRate: this.#learningRateAt(step),
        targetMomentum: this.#targetMomentumAt(step),
        random: this.#random.fork('step', step),
      });
      this.#log.add(step, this.#queueFilled(), scalars);
    } finally {
      disposeViews(views);
    }
    this.#step = step + 1;
  }

  /** Waits for the device, and tells what the steps since the last report gave. */
  async report(): Promise<Progress> {
    const steps = await this.#log.fetch();
    if (steps.length > 0) this.#throughput.tick(steps.length);
    const metrics = steps.map((values) => this.#metricsOf(values));
    this.#metrics.push(...metrics);
    return {
      step: this.#step,
      totalSteps: this.settings.steps,
      imagesPerSecond: this.#throughput.imagesPerSecond,
      secondsLeft: this.#throughput.secondsFor(this.settings.steps - this.#step),
      ...memoryInUse(),
      metrics,
    };
  }

  /** Everything that training changes goes to the browser's storage. */
  async store(): Promise<void> {
    const { state, optimizer, settings, source, images } = this.#parts;
    await storeCheckpoint(state, optimizer, {
      step: this.#step,
      settings,
      source,
      images: describeImages(images),
      metrics: this.#metrics,
    });
  }

  dispose(): void {
    this.#parts.state.dispose();
    this.#parts.optimizer.dispose();
  }

  /** The images of a step; asked for early, they are decoded while the device computes. */
  #squaresOf(step: number): Promise<Squares> {
    if (this.#upcoming?.step === step) return this.#upcoming.squares;
    const { images, settings, onUnreadable } = this.#parts;
    const epoch = Math.floor(step / this.#perEpoch);
    if (this.#order?.epoch !== epoch) {
      const indices = this.#random.fork('order', epoch).permutation(images.dataset.length);
      this.#order = { epoch, indices };
    }
    const first = (step % this.#perEpoch) * settings.batch;
    const squares = loadSquares(images.dataset, {
      indices: this.#order.indices.subarray(first, first + settings.batch),
      side: images.side,
      random: this.#random.fork('images', step),
      onUnreadable,
    });
    // A failure is reported by the step that needs them.
    squares.catch(() => undefined);
    this.#upcoming = { step, squares };
    return squares;
  }

  #metricsOf({ step, queueFilled, values }: StepValues): ReportMetrics {
    const { loss = Number.NaN, ...rest } = values;
    return {
      step: step + 1,
      epoch: Math.floor(step / this.#perEpoch),
      loss,
      ...this.#chance,
      ...rest,
      learningRate: this.#learningRateAt(step),
      targetMomentum: this.#targetMomentumAt(step),
      queueFilled,
      imagesPerSecond: this.#throughput.imagesPerSecond,
    };
  }

  #queueFilled(): number {
    const filled = Object.values(this.#parts.state.queues).map((queue) => queue.filled);
    return filled.length === 0 ? 0 : Math.min(...filled);
  }
}

/** What features that tell nothing reach, as records have it: `chance` of the whole loss, `imageChance` of a term. */
function chanceLevels(method: Method, state: MethodState): Record<string, number> {
  const total = method.chanceLoss?.(state);
  const terms = Object.entries(method.chanceTerms?.(state) ?? {});
  const named = terms.map(([name, level]) => [`${name}Chance`, level] as const);
  return { ...(total !== undefined && { chance: total }), ...Object.fromEntries(named) };
}
