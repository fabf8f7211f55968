import { writeFailure, writeFileAtomic } from '@pixcon/checkpoints/node';
import { PixconError } from '@pixcon/core';
import type { ReportData, Snapshot } from '@pixcon/visualize';
import type { MetricsRecord } from '../events.ts';
import type { RunFolder } from '../run-folder.ts';
import { EventFile } from '../tensorboard/event-file.ts';
import { taggedScalars } from '../tensorboard/scalar-tags.ts';
import { matchImages } from './match-images.ts';
import { readReportData } from './read-report-data.ts';
import type { RunPictures } from './run-pictures.ts';
import { TimeShare } from './time-share.ts';

/** What drawing may cost, as a share of the time. */
const drawingShare = 0.02;

export interface RunReportInput {
  readonly folder: RunFolder;
  /** Absent: no pictures. */
  readonly pictures: RunPictures | undefined;
  /** Write `report.html`. */
  readonly html: boolean;
  /** Write an event file. */
  readonly tensorboard: boolean;
  /** Hears of each part that fails, once. */
  readonly warn: (message: string) => void;
}

/**
 * What a run shows while it goes on: pictures at fixed steps, TensorBoard's events with the metrics, and
 * `report.html`, drawn from the run folder. None of it changes the training, and none of its failures ends it.
 */
export class RunReport {
  readonly #input: RunReportInput;
  readonly #drawing = new TimeShare(drawingShare);
  readonly #failed = new Set<string>();
  #events: EventFile | undefined;
  #picturesFailed = false;
  #isOver = false;
  /** Something happened since the last report. */
  #news = true;

  constructor(input: RunReportInput) {
    this.#input = input;
  }

  /** @param start steps done */
  async begin(start: number, config: object): Promise<void> {
    const { folder, pictures, tensorboard } = this.#input;
    if (tensorboard) {
      await this.#attempt('the TensorBoard events', async () => {
        this.#events = await EventFile.create(folder.path, start + 1);
        await this.#events.text(start, 'config', configTable(config));
      });
    }
    if (pictures) {
      await this.#attempt('the pictures', async () => {
        await pictures.begin(start);
      });
    }
    await this.step(start);
  }

  /** Metrics came. */
  async record(records: readonly MetricsRecord[]): Promise<void> {
    if (records.length === 0) return;
    this.#news = true;
    await this.#attempt('the TensorBoard events', async () =>
      this.#events?.scalars(records.map(taggedScalars)),
    );
  }

  /** So many steps are done: takes pictures and draws the report where they are due. */
  async step(done: number): Promise<void> {
    const { pictures } = this.#input;
    if (pictures && !this.#picturesFailed && pictures.isDue(done)) {
      await this.#attempt('the pictures', async () => {
        // Once failed, they would fail at every step from now on.
        this.#picturesFailed = true;
        const snapshot = await pictures.take(done);
        this.#picturesFailed = false;
        this.#news = true;
        await this.#showMatches(snapshot);
      });
    }
    if (this.#news && this.#drawing.isDue) await this.#draw('running');
  }

  /** The last report. */
  async end(state: 'finished' | 'stopped'): Promise<void> {
    this.#isOver = true;
    await this.#draw(state);
  }

  /** Calling it twice is harmless. */
  async close(): Promise<void> {
    const events = this.#events;
    this.#events = undefined;
    await this.#attempt('the TensorBoard events', async () => events?.close());
  }

  async #showMatches(snapshot: Snapshot): Promise<void> {
    const { pictures } = this.#input;
    if (!pictures || !this.#events) return;
    await this.#events.images(snapshot.step, await matchImages(pictures.pairs, snapshot));
  }

  async #draw(state: ReportData['status']['state']): Promise<void> {
    const { folder, html } = this.#input;
    if (!html) return;
    this.#news = false;
    await this.#attempt('report.html', () =>
      this.#drawing.spend(async () => {
        const { renderReport } = await import('@pixcon/visualize');
        const page = await renderReport(await readReportData(folder.path, state));
        await writeFileAtomic(folder.reportPath, new TextEncoder().encode(page));
      }),
    );
  }

  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#failed.has(what)) return;
      this.#failed.add(what);
      const reason = describe(error);
      this.#input.warn(
        this.#isOver
          ? `${what} could not be finished: ${reason}`
          : `the training goes on without ${what}: ${reason}`,
      );
    }
  }
}

function describe(error: unknown): string {
  if (PixconError.isInstance(error)) return error.message;
  return writeFailure(error)?.reason ?? (error instanceof Error ? error.message : String(error));
}

/** The settings as a Markdown table. */
function configTable(config: object): string {
  const rows = Object.entries(config).map(
    ([name, value]) => `| ${name} | ${JSON.stringify(value)?.replaceAll('|', '\\|') ?? ''} |`,
  );
  return ['| setting | value |', '|---|---|', ...rows].join('\n');
}
