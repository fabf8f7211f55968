import { mkdir, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@pixcon/checkpoints/node';
import type { InspectedPair, Snapshot } from '@pixcon/visualize';
import { damaged } from './check-record.ts';
import { decodePairs, decodeSnapshot, encodePairs, encodeSnapshot } from './picture-files.ts';

const pairsFile = 'pairs.safetensors';
const snapshotFile = /^step-(\d+)\.safetensors$/;

/** `pictures/` of a run folder: `pairs.safetensors`, and `step-00000120.safetensors` for each snapshot. */
export class PictureFolder {
  readonly path: string;

  constructor(runFolder: string) {
    this.path = join(runFolder, 'pictures');
  }

  /** The pairs of the run; none before they were chosen. */
  async readPairs(): Promise<InspectedPair[]> {
    return (await this.#names()).includes(pairsFile)
      ? decodePairs(await readFile(join(this.path, pairsFile)))
      : [];
  }

  async writePairs(pairs: readonly InspectedPair[]): Promise<void> {
    await mkdir(this.path, { recursive: true });
    await writeFileAtomic(join(this.path, pairsFile), encodePairs(pairs));
  }

  /** Steps of the snapshots that there are, in order. */
  async steps(): Promise<number[]> {
    return (await this.#names())
      .flatMap((name) => snapshotFile.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** @param pairs how many the run has */
  async readSnapshot(step: number, pairs: number): Promise<Snapshot> {
    const snapshot = decodeSnapshot(await readFile(this.#snapshotPath(step)));
    const count = snapshot.inspections.length;
    if (count === pairs) return snapshot;
    throw damaged(`step ${step} shows ${count} pairs of ${pairs}`);
  }

  async writeSnapshot(snapshot: Snapshot): Promise<void> {
    await mkdir(this.path, { recursive: true });
    await writeFileAtomic(this.#snapshotPath(snapshot.step), encodeSnapshot(snapshot));
  }

  /** Removes the snapshots of steps that a resumed run will do again, and what a kill left half-written. */
  async keepUpTo(step: number): Promise<void> {
    await this.#removeWhere((name) => Number(snapshotFile.exec(name)?.[1] ?? 0) > step || isTemporary(name));
  }

  /** Removes the pictures, and the folder where nothing else is in it: it may hold someone's photos. */
  async remove(): Promise<void> {
    await this.#removeWhere((name) => name === pairsFile || snapshotFile.test(name) || isTemporary(name));
    try {
      await rmdir(this.path);
    } catch {
      // Not empty, or not there.
    }
  }

  /** Moves the pictures to the same place of another run folder; what else is here stays. */
  async moveTo(runFolder: string): Promise<void> {
    const names = (await this.#names()).filter((name) => name === pairsFile || snapshotFile.test(name));
    if (names.length > 0) {
      const { path } = new PictureFolder(runFolder);
      await mkdir(path, { recursive: true });
      for (const name of names) await rename(join(this.path, name), join(path, name));
    }
    await this.remove();
  }

  async #removeWhere(matches: (name: string) => boolean): Promise<void> {
    for (const name of await this.#names())
      if (matches(name)) await rm(join(this.path, name), { force: true });
  }

  #snapshotPath(step: number): string {
    return join(this.path, `step-${String(step).padStart(8, '0')}.safetensors`);
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}

/** Of a write that a kill cut short. */
function isTemporary(name: string): boolean {
  return /^\.(?:pairs|step-\d+)\.safetensors\.\w+\.tmp$/.test(name);
}
