import type { MetricsRecord } from './events.ts';

/**
 * The records of a `metrics.jsonl`, in order. Lines that a kill cut short, or that are no records, are left out. Steps
 * count from 1; those of older files, which hold a step 0, are raised by 1.
 */
export function readMetricsLines(text: string): MetricsRecord[] {
  const records = text.split('\n').flatMap(toRecord);
  const fromZero = records.some(({ step }) => step === 0);
  return fromZero ? records.map((record) => ({ ...record, step: record.step + 1 })) : records;
}

export function writeMetricsLines(records: readonly MetricsRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

function toRecord(line: string): MetricsRecord[] {
  try {
    const record = JSON.parse(line) as MetricsRecord | null;
    return typeof record?.step === 'number' ? [record] : [];
  } catch {
    return [];
  }
}
