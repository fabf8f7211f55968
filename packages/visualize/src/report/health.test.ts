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
    const one = makeMetrics(200).map((line) => ({ ...line, image: line.loss, dense: undefined }));
    expect(judge(one)).toEqual([
      'good: The loss is below chance level (4.11 against 6.5): the features tell images apart.',
      expect.stringMatching(/^good: The features are spread \(0.90;/),
    ]);
  });

  it('judges each term by its own chance level, not their sum by its', () => {
    const line = { loss: 5.07, chance: 7, image: 3.41, imageChance: 3.5, dense: 1.66, denseChance: 3.5 };
    const metrics = (changes: Readonly<Record<string, number>> = {}) =>
      makeMetrics(60).map((before) => ({ ...before, ...line, ...changes }));
    expect(judge(metrics()).slice(0, 2)).toEqual([
      'note: The image term of the loss is barely below chance level (3.41 against 3.5): the features hardly tell images apart so far.',
      'good: The dense term of the loss is below chance level (1.66 against 3.5): the features tell cells of images apart.',
    ]);
    expect(judge(metrics({ image: 3.49 }))[0]).toMatch(
      /^bad: The image term of the loss stays at chance level \(3.49 against 3.5\): nothing is being learned/,
    );
    expect(judge(metrics({ dense: 4 }))[1]).toMatch(/^bad: The dense term of the loss is above chance level/);
    expect(judge(metrics({ image: 2 }))[0]).toMatch(
      /^good: The image term .*: the features tell images apart/,
    );
    // A term without weight has no level to be judged by, and of those of a user nothing is claimed.
    const own = metrics({ image: 0, imageChance: 0, dense: 0, slot: 2, slotChance: 3 }).map((before) => ({
      ...before,
      denseChance: undefined,
    }));
    expect(judge(own)[0]).toBe('good: The slot term of the loss is below chance level (2 against 3).');
    expect(judge(own)[1]).toMatch(/^good: The features are spread/);
    expect(judge(metrics().slice(0, 5))[0]).toMatch(/^note: The queue is still filling/);
  });

  it('claims nothing of several terms where only their sum has a level', () => {
    expect(judge(makeMetrics(200))[0]).toBe(
      'note: The loss as a whole is below chance level (4.11 against 6.5); of its terms (image, dense) this run has no levels, and one of them may have learned nothing.',
    );
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
