import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointContent, DecodedCheckpoint } from '@pixcon/checkpoints';
import {
  readCheckpoint,
  saveParameters,
  writeCheckpoint,
  writeFileAtomic,
} from '@pixcon/checkpoints/node';
import { type Method, type MethodState, PixconError } from '@pixcon/core';

const encode = (text: string) => new TextEncoder().encode(text);

/** The files of a run: `config.json`, `metrics.jsonl`, `checkpoint.safetensors`, `backbone.safetensors`. */
export class RunFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens the folder, making it where needed.
   *
   * @throws PixconError `invalid-argument` when it holds a run and `resume` is false, or holds other files
   */
  static async open(path: string, { resume }: { readonly resume: boolean }): Promise<RunFolder> {
    const folder = new RunFolder(path);
    if (!resume && existsSync(folder.checkpointPath)) {
      throw new PixconError(
        'invalid-argument',
        `pretrain: ${path} already holds a run; resume it (--resume) or choose another folder (--out)`,
      );
    }
    try {
      await mkdir(path, { recursive: true });
      await readdir(path);
    } catch (cause) {
      throw new PixconError(
        'data',
        `pretrain: cannot use ${path} as the run folder: ${(cause as Error).message}`,
        { cause },
      );
    }
    return folder;
  }

  get checkpointPath(): string {
    return join(this.path, 'checkpoint.safetensors');
  }

  get metricsPath(): string {
    return join(this.path, 'metrics.jsonl');
  }

  get backbonePath(): string {
    return join(this.path, 'backbone.safetensors');
  }

  async writeConfig(config: unknown): Promise<void> {
    await writeFileAtomic(join(this.path, 'config.json'), encode(`${JSON.stringify(config, null, 2)}\n`));
  }

  /** The last complete checkpoint, or `undefined` before the first. */
  async readCheckpoint(): Promise<DecodedCheckpoint | undefined> {
    return existsSync(this.checkpointPath) ? await readCheckpoint(this.checkpointPath) : undefined;
  }

  async writeCheckpoint(content: CheckpointContent): Promise<void> {
    await writeCheckpoint(this.checkpointPath, content);
  }

  /** The online encoder's backbone under torchvision's names. */
  async exportBackbone(method: Method, state: MethodState): Promise<void> {
    await saveParameters(this.backbonePath, state.online, {
      prefix: method.backbonePrefix,
      metadata: { format: 'pt', architecture: method.backbone.name, method: method.name },
    });
  }

  async appendMetrics(records: readonly object[]): Promise<void> {
    if (records.length === 0) return;
    await appendFile(this.metricsPath, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }

  /** Drops the records of steps that a resumed run will do again, and a last line cut short by a kill. */
  async keepMetricsBefore(step: number): Promise<void> {
    if (!existsSync(this.metricsPath)) return;
    const kept = (await readFile(this.metricsPath, 'utf8')).split('\n').filter((line) => {
      try {
        return (JSON.parse(line) as { step: number }).step < step;
      } catch {
        return false;
      }
    });
    await writeFileAtomic(this.metricsPath, encode(kept.map((line) => `${line}\n`).join('')));
  }
}
