import { join } from 'node:path';
import { writeFileAtomic } from '@pixcon/checkpoints/node';
import { readReportData } from '@pixcon/trainer';
import { renderReport } from '@pixcon/visualize';
import { prepareOutput } from '../prepare-output.ts';

export interface ReportCommandOptions {
  /** Default: `report.html` in the run folder. */
  readonly out?: string;
}

/** `pixcon report RUN`: draws the report anew. Returns the exit code. */
export async function reportCommand(folder: string, { out }: ReportCommandOptions): Promise<number> {
  process.stderr.write(`wrote ${await drawReport(folder, out)}\n`);
  return 0;
}

/** Draws the report of a run from its folder alone, and returns where it is. */
export async function drawReport(folder: string, out = join(folder, 'report.html')): Promise<string> {
  const data = await readReportData(folder);
  await prepareOutput(out);
  const html = await renderReport(data);
  await writeFileAtomic(out, new TextEncoder().encode(html));
  return out;
}
