import { describe, expect, it } from 'vitest';
import { makeMetrics, makeReport } from '../../test/run-fixture.ts';
import type { ReportMetrics } from '../report-data.ts';
import { findings } from './health.ts';

const { status } = makeReport();
const judge = (metrics: readonly ReportMetrics[], queueLength = 320) =>
  findings({ metrics, status: { ...status, queueLength } }).map(({ kind, text }) => `${kind}: ${text}`);

describe('findings', () => {
  it('waits for the first line', () => {
    expect(judge([])).toEqual([expect.stringMatching(/^note: No step/)]);
  });

  it('says that the queue is filling, and judges no loss before it is full', () => {
    expect(judge(makeMetrics(5))[0]).toMatch(/^note: The queue is still filling \(160 of 320 keys\)/);
  });

  it('is content with a loss below chance and spread features', () => {
    expect(judge(makeMetrics(200))).toEqual([
      expect.stringMatching(/^good: The loss is below chance level \(4.11 against 6.5\)/),
      expect.stringMatching(/^good: The features are spread \(0.90;/),
    ]);
  });

  it('warns of a loss at chance level, once there are enough lines', () => {
    const flat = makeMetrics(60).map((line) => ({ ...line, loss: 6.51 }));
    expect(judge(flat)[0]).toMatch(/^bad: The loss stays at chance level/);
    expect(judge(flat.slice(0, 20)).join()).not.toMatch(/chance/);
  });

  it('warns of a loss above chance, and of one that is no number', () => {
    expect(judge(makeMetrics(60).map((line) => ({ ...line, loss: 8 })))[0]).toMatch(
      /^bad: The loss is above chance/,
    );
    const broken = makeMetrics(60).map((line) => ({ ...line, loss: Number.NaN }));
    expect(judge(broken)[0]).toMatch(/^bad: The loss is not a number/);
  });

  it('advises to wait only while a run goes on', () => {
    const metrics = makeMetrics(60).map((line) => ({ ...line, loss: 8 }));
    const advice = (state: typeof status.state) =>
      findings({ metrics, status: { ...status, queueLength: 320, state } })[0]?.text;
    expect(advice('running')).toContain('If it does not fall soon');
    expect(advice('finished')).toContain('Train for longer, or lower the learning rate.');
  });

  it('warns of collapsed features after three lines', () => {
    const collapsed = makeMetrics(60).map((line) => ({ ...line, featureDeviation: 0.02 }));
    expect(judge(collapsed)[1]).toMatch(/^bad: The features have collapsed \(spread 0.02/);
    const recovered = collapsed.map((line) => (line.step === 58 ? { ...line, featureDeviation: 0.5 } : line));
    expect(judge(recovered)[1]).toMatch(/^good/);
  });

  it('says nothing of what was not logged', () => {
    const bare = makeMetrics(60).map(({ chance: _, featureDeviation: __, ...line }) => line as ReportMetrics);
    expect(judge(bare)).toEqual([]);
  });
});
