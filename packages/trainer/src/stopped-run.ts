import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readMetricsLines } from './metrics-lines.ts';
import { PictureFolder } from './report/picture-folder.ts';
import { eventFiles } from './tensorboard/event-file.ts';

/** What a run writes from its beginning on; `metrics.jsonl` last, by which a folder is known to hold steps. */
const early = ['report.html', 'config.json', 'run.json', 'metrics.jsonl'] as const;

/** The files of a run that there are, but for its checkpoint and backbone. Empty ones, and folders, do not count. */
export function earlyFiles(folder: string): string[] {
  return early.filter((name) => {
    const path = join(folder, name);
    if (!existsSync(path)) return false;
    const found = statSync(path);
    return found.isFile() && found.size > 0;
  });
}

/** Whether one of these files says that a run wrote it: a folder of someone else's may have a `config.json`, too. */
export function isOfRun(folder: string): boolean {
  return earlyFiles(folder).some((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    if (name === 'report.html') return text.includes('<main id="report">');
    if (name === 'metrics.jsonl') return stepsOf(text) > 0;
    const { totalSteps, method, epochs } = parse(text);
    return name === 'run.json'
      ? typeof totalSteps === 'number'
      : typeof method === 'string' && typeof epochs === 'number';
  });
}

/**
 * Makes room in a folder whose run stopped before its first checkpoint, so that no step can be gone on from. What it has
 * recorded is kept in a folder below; where it came to no step, its files go.
 *
 * @returns a sentence that says so; none where there was no run
 */
export async function setStoppedRunAside(folder: string): Promise<string | undefined> {
  const files = earlyFiles(folder);
  if (files.length === 0) return undefined;
  const metrics = join(folder, 'metrics.jsonl');
  const steps = existsSync(metrics) ? stepsOf(readFileSync(metrics, 'utf8')) : 0;
  const scores = join(folder, 'scores');
  const pictures = new PictureFolder(folder);
  if (steps === 0 && !existsSync(scores)) {
    for (const name of [...early, ...(await eventFiles(folder))]) {
      // A folder of that name is no run's.
      if (!statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory())
        await rm(join(folder, name), { force: true });
    }
    await pictures.remove();
    return `${folder} has a run that stopped before its first step: this one begins anew in its place`;
  }
  const aside = await freshFolder(folder);
  await pictures.moveTo(aside);
  const others = existsSync(scores) ? ['scores'] : [];
  for (const name of [...others, ...(await eventFiles(folder)), ...files])
    await rename(join(folder, name), join(aside, name));
  return `${folder} has a run that stopped after step ${steps} without a checkpoint: there is nothing to go on from, so this one begins anew, and what was recorded is kept in ${aside}`;
}

/** Below `folder`, of a name that is free. */
async function freshFolder(folder: string): Promise<string> {
  const names = new Set(await readdir(folder));
  let count = 1;
  while (names.has(`stopped-${count}`)) count++;
  const path = join(folder, `stopped-${count}`);
  await mkdir(path);
  return path;
}

function stepsOf(metrics: string): number {
  return (
    readMetricsLines(metrics)
      .filter(({ loss }) => loss !== undefined)
      .at(-1)?.step ?? 0
  );
}

/** An object; empty for what is none. */
function parse(text: string): Record<string, unknown> {
  try {
    return { ...(JSON.parse(text) as object) };
  } catch {
    return {};
  }
}
