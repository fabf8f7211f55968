import { join } from 'node:path';
import { writeFileAtomic } from '@pixcon/checkpoints/node';
import { readReportData } from '@pixcon/trainer';
import { renderReport } from '@pixcon/visualize';

export interface ReportCommandOptions {
  /** Default: `report.html` in the run folder. */
  readonly out?: string;
}

/** `pixcon report RUN`: draws the report anew from the run folder alone. Returns the exit code. */
export async function reportCommand(folder: string, options: ReportCommandOptions): Promise<number> {
  const { out = join(folder, 'report.html') } = options;
  const html = await renderReport(await readReportData(folder));
  await writeFileAtomic(out, new TextEncoder().encode(html));
  process.stderr.write(`wrote ${out}\n`);
  return 0;
}
