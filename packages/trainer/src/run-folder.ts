import { existsSync, statSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { CheckpointContent, DecodedCheckpoint } from '@pixcon/checkpoints';
import {
  readCheckpoint,
  saveParameters,
  writeCheckpoint,
  writeFailure,
  writeFileAtomic,
} from '@pixcon/checkpoints/node';
import { type Method, type MethodState, PixconError } from '@pixcon/core';
import type { MetricsRecord } from './events.ts';
import { readMetricsLines, writeMetricsLines } from './metrics-lines.ts';
import { PictureFolder } from './report/picture-folder.ts';
import { assertNotLocked, lockRunFolder } from './run-lock.ts';
import { earlyFiles, isOfRun, setStoppedRunAside } from './stopped-run.ts';
import { eventFiles } from './tensorboard/event-file.ts';

/** What makes a folder a run folder. */
export const runFiles = {
  config: 'config.json',
  run: 'run.json',
  metrics: 'metrics.jsonl',
  checkpoint: 'checkpoint.safetensors',
  backbone: 'backbone.safetensors',
} as const;

const reportFile = 'report.html';

/** What `run.json` holds: what a report must know and no other file tells. */
export interface RunFacts {
  readonly totalSteps: number;
  /** Keys that each queue holds when full; 0 without a queue. */
  readonly queueLength: number;
}

const encode = (text: string) => new TextEncoder().encode(text);

/**
 * The files of a run: `config.json`, `run.json`, `metrics.jsonl`, `checkpoint.safetensors`, `backbone.safetensors`,
 * `report.html`. Pictures and TensorBoard's events are looked after beside it.
 */
export class RunFolder {
  readonly path: string;
  /** The topmost folder that `open` made. */
  #made: string | undefined;
  #unlock: (() => Promise<void>) | undefined;
  /** Steps of the last whole checkpoint. */
  #saved: number | undefined;

  /** Looks, and writes nothing. */
  constructor(path: string) {
    this.path = path;
  }

  get checkpointPath(): string {
    return join(this.path, runFiles.checkpoint);
  }

  get metricsPath(): string {
    return join(this.path, runFiles.metrics);
  }

  get backbonePath(): string {
    return join(this.path, runFiles.backbone);
  }

  get reportPath(): string {
    return join(this.path, reportFile);
  }

  /**
   * A folder whose run stopped before its first checkpoint is usable: the next one begins anew.
   *
   * @throws PixconError `invalid-argument` when it is a file, another run is writing to it, it holds a run and `resume`
   *   is false, a finished run without its checkpoint, or files that would be overwritten and are of no run
   */
  assertUsable({ resume }: { readonly resume: boolean }): void {
    if (existsSync(this.path) && !statSync(this.path).isDirectory()) {
      throw new PixconError(
        'invalid-argument',
        `pretrain: the run folder ${this.path} is a file; choose another`,
      );
    }
    assertNotLocked(this.path);
    if (existsSync(this.checkpointPath)) {
      if (resume) return;
      throw unusable(
        `${this.path} already holds a run (${runFiles.checkpoint}); resume it (--resume) or choose another folder (--out)`,
      );
    }
    if (existsSync(this.backbonePath)) {
      throw unusable(
        `${this.path} holds a backbone (${runFiles.backbone}) but no checkpoint to go on from; choose another folder (--out)`,
      );
    }
    const [present] = earlyFiles(this.path);
    if (present === undefined || isOfRun(this.path)) return;
    throw unusable(
      `${this.path} holds a ${present} that no run has written, and it would be overwritten; choose another folder (--out)`,
    );
  }

  /**
   * Makes room for a run that begins anew.
   *
   * @returns what to tell of the run that stopped here, where there was one
   * @throws PixconError `data` when its files cannot be moved
   */
  async beginAnew(): Promise<string | undefined> {
    try {
      return await setStoppedRunAside(this.path);
    } catch (cause) {
      const { reason, cure } = writeFailure(cause) ?? { reason: (cause as Error).message, cure: 'try again' };
      throw new PixconError(
        'data',
        `pretrain: cannot set aside what is in ${this.path}: ${reason}; ${cure}, or choose another folder (--out)`,
        { cause },
      );
    }
  }

  /**
   * Makes the folder where there is none, locks it, and removes temporary files of writes that a kill cut short.
   *
   * @throws PixconError `data` when it cannot be made, `invalid-argument` when another run has taken it
   */
  async open(): Promise<void> {
    try {
      this.#made = await mkdir(resolve(this.path), { recursive: true });
      this.#unlock = await lockRunFolder(this.path);
      const own = [...Object.values(runFiles), reportFile, '.lock'].map((file) => `.${file}.`);
      for (const name of await readdir(this.path)) {
        const stale = name.endsWith('.tmp') && own.some((prefix) => name.startsWith(prefix));
        if (stale) await rm(join(this.path, name), { force: true });
      }
    } catch (cause) {
      await this.close();
      if (PixconError.isInstance(cause)) throw cause;
      const { reason, cure } = writeFailure(cause) ?? { reason: (cause as Error).message, cure: 'try again' };
      throw new PixconError(
        'data',
        `pretrain: cannot make the run folder ${this.path}: ${reason}; ${cure}, or choose another folder (--out)`,
        { cause },
      );
    }
  }

  /** Lets other runs have the folder. */
  async close(): Promise<void> {
    await this.#unlock?.();
  }

  /** Takes back what a run wrote that failed before its first step, and says whether: with a checkpoint all stays. */
  async discard(): Promise<boolean> {
    if (existsSync(this.checkpointPath)) return false;
    try {
      const written = [...Object.values(runFiles), reportFile, ...(await eventFiles(this.path))];
      for (const file of written) await rm(join(this.path, file), { force: true });
      await new PictureFolder(this.path).remove();
    } catch (error) {
      // Why the run ended is told, not that its folder has become read-only since.
      if (writeFailure(error)) return false;
      throw error;
    }
    await this.close();
    if (this.#made === undefined) return true;
    try {
      // Only while they are empty: what others put there stays.
      for (let path = resolve(this.path); path.startsWith(this.#made); path = dirname(path))
        await rmdir(path);
    } catch {
      // Not empty.
    }
    return true;
  }

  async writeRun(facts: RunFacts): Promise<void> {
    await this.#replace(runFiles.run, `${JSON.stringify(facts, null, 2)}\n`);
  }

  async writeConfig(config: unknown): Promise<void> {
    await this.#replace(runFiles.config, `${JSON.stringify(config, null, 2)}\n`);
  }

  /**
   * The last complete checkpoint, or `undefined` before the first.
   *
   * @throws PixconError `checkpoint` when it is damaged
   */
  async readCheckpoint(): Promise<DecodedCheckpoint | undefined> {
    if (!existsSync(this.checkpointPath)) return undefined;
    const checkpoint = await readCheckpoint(this.checkpointPath);
    this.#saved = stepsDone(checkpoint.record);
    return checkpoint;
  }

  /** @throws PixconError `data` when it cannot be written: the one before it stays */
  async writeCheckpoint(content: CheckpointContent): Promise<void> {
    await this.#write(this.checkpointPath, () => writeCheckpoint(this.checkpointPath, content));
    this.#saved = stepsDone(content.record);
  }

  /** The online encoder's backbone under torchvision's names. */
  async exportBackbone(method: Method, state: MethodState): Promise<void> {
    await this.#write(this.backbonePath, () =>
      saveParameters(this.backbonePath, state.online, {
        prefix: method.backbonePrefix,
        metadata: { format: 'pt', architecture: method.backbone.name, method: method.name },
      }),
    );
  }

  /**
   * Adds lines, and waits until they are on the disk: a checkpoint that follows must not outlive its metrics.
   *
   * @throws PixconError `data` when they cannot be written
   */
  async appendMetrics(records: readonly MetricsRecord[]): Promise<void> {
    if (records.length === 0) return;
    const text = writeMetricsLines(records);
    await this.#write(this.metricsPath, async () => {
      const file = await open(this.metricsPath, 'a');
      try {
        const { size } = await file.stat();
        try {
          await file.appendFile(text);
          await file.datasync();
        } catch (error) {
          // A full disk takes half a line.
          await file.truncate(size).catch(() => undefined);
          throw error;
        }
      } finally {
        await file.close();
      }
    });
  }

  /** Drops the records after so many steps, which a resumed run will do again, and lines cut short by a kill. */
  async keepMetricsUpTo(step: number): Promise<void> {
    if (!existsSync(this.metricsPath)) return;
    const kept = readMetricsLines(await readFile(this.metricsPath, 'utf8')).filter(
      (line) => line.step <= step,
    );
    await this.#replace(runFiles.metrics, writeMetricsLines(kept));
  }

  async #replace(name: string, text: string): Promise<void> {
    const path = join(this.path, name);
    await this.#write(path, () => writeFileAtomic(path, encode(text)));
  }

  /** Says of a write that the system refused what is safe, and how to go on. */
  async #write(path: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      const failure = writeFailure(cause);
      if (!failure) throw cause;
      const { reason, cure } = failure;
      const next =
        this.#saved === undefined
          ? `no checkpoint was written yet; ${cure}, or choose another folder (--out), and start again`
          : `the checkpoint of step ${this.#saved} is whole; ${cure}, or move ${this.path} to another disk, and go on with --resume --out ${this.path}`;
      throw new PixconError('data', `pretrain: could not write ${path}: ${reason}; ${next}`, { cause });
    }
  }
}

/** Of a checkpoint's record. */
function stepsDone(record: unknown): number | undefined {
  const step = (record as { readonly step?: unknown } | null)?.step;
  return typeof step === 'number' ? step : undefined;
}

function unusable(reason: string): PixconError {
  return new PixconError('invalid-argument', `pretrain: ${reason}`);
}
