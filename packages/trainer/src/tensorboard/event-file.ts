import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  type EventImage,
  imagesEvent,
  scalarsEvent,
  sessionStartEvent,
  textEvent,
  versionEvent,
} from './events.ts';
import { tfRecord } from './tf-record.ts';

const prefix = 'events.out.tfevents.';

/**
 * A TensorBoard event file, for one session of a run. TensorBoard reads all event files of a folder in the order
 * of their names; each begins with the first step of its session, so that steps which are done again after a kill are
 * shown once.
 */
export class EventFile {
  readonly path: string;
  readonly #file: FileHandle;
  /** Bytes of whole records. */
  #size = 0;
  /** A record may have been cut short: on a full disk, for one. */
  #torn = false;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** @param step the session's first: what came at it or later is forgotten */
  static async create(folder: string, step: number): Promise<EventFile> {
    const present = await eventFiles(folder);
    const now = Math.floor(Date.now() / 1000);
    // Later than all before it, even where two sessions begin within a second: the order of names counts.
    const seconds = Math.max(
      now,
      ...present.map((name) => 1 + Number(name.slice(prefix.length).split('.')[0])),
    );
    const host = hostname().replace(/[^\w-]+/g, '-') || 'localhost';
    const path = join(folder, `${prefix}${seconds}.${host}.${process.pid}.${present.length}`);
    const created = new EventFile(path, await open(path, 'ax'));
    try {
      await created.#append(versionEvent(wallTime()), sessionStartEvent(wallTime(), step));
    } catch (error) {
      await created.close().catch(() => undefined);
      await rm(path, { force: true });
      throw error;
    }
    return created;
  }

  /** @param steps each with its scalars by tag */
  async scalars(
    steps: readonly { readonly step: number; readonly values: Readonly<Record<string, number>> }[],
  ): Promise<void> {
    if (steps.length > 0)
      await this.#append(...steps.map(({ step, values }) => scalarsEvent(wallTime(), step, values)));
  }

  async images(step: number, images: readonly EventImage[]): Promise<void> {
    if (images.length > 0) await this.#append(imagesEvent(wallTime(), step, images));
  }

  /** @param markdown rendered as such */
  async text(step: number, tag: string, markdown: string): Promise<void> {
    await this.#append(textEvent(wallTime(), step, tag, markdown));
  }

  async close(): Promise<void> {
    try {
      await this.#repair();
    } finally {
      await this.#file.close();
    }
  }

  /** In one write, so that a kill cuts at most one record short. */
  async #append(...events: readonly Uint8Array[]): Promise<void> {
    const records = Buffer.concat(events.map(tfRecord));
    await this.#repair();
    this.#torn = true;
    await this.#file.appendFile(records);
    this.#torn = false;
    this.#size += records.length;
  }

  /** TensorBoard reads nothing that comes after a record that was cut short. */
  async #repair(): Promise<void> {
    if (!this.#torn) return;
    await this.#file.truncate(this.#size);
    this.#torn = false;
  }
}

/** Names of the event files of a folder. */
export async function eventFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) =>
    new RegExp(`^${prefix.replaceAll('.', '\\.')}\\d+\\.`).test(name),
  );
}

function wallTime(): number {
  return Date.now() / 1000;
}
