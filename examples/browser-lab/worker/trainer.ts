import { PixconError } from '@pixcon/core';
import type { OpenRequest, Reply } from '../protocol.ts';
import { type Device, DeviceLostError, startDevice } from './device.ts';
import { nextTask } from './next-task.ts';
import { openRun } from './open-run.ts';
import type { Run } from './run.ts';

/** Milliseconds between reports: each waits for the device. */
const reportEvery = 250;
/** Milliseconds before the first checkpoint. */
const firstCheckpoint = 5_000;
/** Checkpoints take a twentieth of the time at most. */
const checkpointShare = 20;

/** Runs one training run and tells the page about it. */
export class Trainer {
  readonly #tell: (reply: Reply) => void;
  #device: Device | undefined;
  #run: Run | undefined;
  #wanted: 'run' | 'pause' = 'pause';
  #isLooping = false;
  #failed = false;
  #exportIsDue = false;
  #saved: number | undefined;
  #reported = 0;
  #nextCheckpoint = 0;
  #canStore = true;

  constructor(tell: (reply: Reply) => void) {
    this.#tell = tell;
  }

  async open(request: OpenRequest): Promise<void> {
    await this.#reportingFailure(async () => {
      this.#device = await startDevice(request.settings.device, request.wasmPath);
      this.#tell({ type: 'device', device: this.#device.facts });
      const unreadable = new Set<string>();
      const run = await openRun(request, (name) => {
        if (unreadable.has(name)) return;
        unreadable.add(name);
        const message =
          unreadable.size === 1
            ? `Skipped ${name}: it cannot be read.`
            : `Skipped ${unreadable.size} files that cannot be read.`;
        this.#tell({ type: 'notice', topic: 'images', message });
      });
      this.#run = run;
      if (request.resume) this.#saved = run.step;
      this.#tell({
        type: 'opened',
        settings: run.settings,
        step: run.step,
        images: run.images,
        parameters: run.parameters,
        queueLength: run.queueLength,
        pairs: await run.encodePairs(),
        metrics: run.metrics,
      });
      await this.#snapshot(run);
      if (request.run) this.resume();
      else this.#tell({ type: 'state', state: run.isFinished ? 'finished' : 'paused' });
    });
  }

  resume(): void {
    this.#wanted = 'run';
    if (this.#isLooping || !this.#run || this.#failed) return;
    void this.#reportingFailure(() => this.#loop(this.#run as Run));
  }

  pause(): void {
    this.#wanted = 'pause';
  }

  /** Of whole steps: in the middle of one, the loop does it after it. */
  async export(): Promise<void> {
    if (!this.#run || this.#failed) return;
    if (this.#isLooping) this.#exportIsDue = true;
    else await this.#reportingFailure(() => this.#export(this.#run as Run));
  }

  async #export(run: Run): Promise<void> {
    this.#exportIsDue = false;
    const bytes = await this.#watched(run.writeBackbone());
    this.#tell({ type: 'backbone', bytes, step: run.step });
  }

  /** No frames and no timers: both rest while the page is hidden. */
  async #loop(run: Run): Promise<void> {
    this.#isLooping = true;
    try {
      this.#tell({ type: 'state', state: 'training' });
      run.restartClock();
      this.#nextCheckpoint ||= performance.now() + firstCheckpoint;
      while (this.#wanted === 'run' && !run.isFinished) {
        await this.#watched(run.advance());
        if (run.isSnapshotDue || performance.now() - this.#reported > reportEvery) await this.#report(run);
        if (run.isSnapshotDue) await this.#snapshot(run);
        if (performance.now() > this.#nextCheckpoint) await this.#store(run);
        if (this.#exportIsDue) await this.#export(run);
        await nextTask();
      }
      await this.#report(run);
      await this.#store(run);
      if (this.#exportIsDue) await this.#export(run);
      this.#tell({ type: 'state', state: run.isFinished ? 'finished' : 'paused' });
    } finally {
      this.#isLooping = false;
    }
    // Asked for while the checkpoint was written.
    if (this.#wanted === 'run' && !run.isFinished) await this.#loop(run);
  }

  async #report(run: Run): Promise<void> {
    this.#tell({ type: 'progress', progress: await this.#watched(run.report()) });
    this.#reported = performance.now();
  }

  async #snapshot(run: Run): Promise<void> {
    this.#tell({ type: 'snapshot', snapshot: await this.#watched(run.takeSnapshot()) });
    run.restartClock();
  }

  async #store(run: Run): Promise<void> {
    if (!this.#canStore || this.#saved === run.step) return;
    const start = performance.now();
    const { step } = run;
    try {
      await this.#watched(run.store());
      this.#saved = step;
      this.#tell({ type: 'saved', step });
    } catch (error) {
      // A private window may have no storage, a full disk no room: training goes on.
      if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
      this.#canStore = false;
      this.#tell({
        type: 'notice',
        topic: 'storage',
        message: `This browser stores no checkpoint (${error.message}): download the backbone before you close the page.`,
      });
    }
    const now = performance.now();
    this.#nextCheckpoint = now + Math.max(firstCheckpoint, checkpointShare * (now - start));
    run.restartClock();
  }

  /** What waits for a lost device would wait for ever. */
  #watched<T>(promise: Promise<T>): Promise<T> {
    return this.#device ? Promise.race([promise, this.#device.failure]) : promise;
  }

  async #reportingFailure(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (caught) {
      if (this.#failed) return;
      this.#failed = true;
      const error = this.#device ? await this.#device.explain(caught) : caught;
      const reason = error instanceof DeviceLostError ? 'device lost' : 'error';
      this.#tell({ type: 'failed', reason, message: messageOf(error), saved: this.#saved });
    }
  }
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // A PixconError is a sentence for people, after the function that says it.
  return PixconError.isInstance(error) ? message.replace(/^\w+: /, '') : message;
}
