import { expect, it } from 'vitest';
import type { MetricsRecord } from './events.ts';
import { readMetricsLines, writeMetricsLines } from './metrics-lines.ts';

const steps = (text: string) => readMetricsLines(text).map(({ step }) => step);

it('reads back what was written, and leaves out what is no record', () => {
  const records = [1, 2].map((step) => ({ step, loss: 3 / step }) as unknown as MetricsRecord);
  expect(readMetricsLines(writeMetricsLines(records))).toEqual(records);
  expect(steps('{"step":1}\nnull\n7\n{}\ngarbage\n{"step":"2"}\n\n{"step":2}\n{"step":3,"lo')).toEqual([
    1, 2,
  ]);
  expect(steps('')).toEqual([]);
});

it('counts the steps of older files, which begin at 0, from 1', () => {
  expect(steps('{"step":0}\n{"step":1}\n{"step":2}\n')).toEqual([1, 2, 3]);
  expect(steps('{"step":4}\n{"step":5}\n')).toEqual([4, 5]);
});
