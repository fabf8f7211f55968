import { PassThrough } from 'node:stream';
import type { PretrainEvent } from '@pixcon/trainer';
import { describe, expect, it } from 'vitest';
import { describeStep, formatDuration, Progress } from './progress.ts';

const step = {
  type: 'step',
  step: 42,
  totalSteps: 1000,
  epoch: 2,
  epochs: 100,
  imagesPerSecond: 41.23,
  secondsLeft: 42,
  phase: 'training',
  metrics: {
    step: 42,
    epoch: 2,
    loss: 7.912,
    image: 3.9,
    dense: 4.012,
    chance: 8.319,
    featureDeviation: 0.9,
    learningRate: 0.1,
    targetMomentum: 0.99,
    queueFilled: 128,
    imagesPerSecond: 40,
  },
} as const satisfies PretrainEvent;

const start = {
  type: 'start',
  step: 0,
  totalSteps: 1000,
  stepsPerEpoch: 10,
  epochs: 100,
  parameters: 11_200_000,
  queueLengths: { image: 65_536, dense: 65_536 },
  chance: 22.18,
  chanceTerms: {},
} as const satisfies PretrainEvent;

describe('describeStep', () => {
  it('tells epoch, speed, time left, losses and chance in less than 90 columns', () => {
    const text = describeStep(step);
    expect(text).toBe(
      'epoch 3/100  41.2 images/s  0:42 left  loss 7.91 (image 3.90, dense 4.01; chance 8.32)',
    );
    expect(text.length).toBeLessThan(90);
  });

  it('tells each term beside its own chance level, whatever terms a method has', () => {
    const metrics = { ...step.metrics, image: 3.41, imageChance: 3.5, dense: 1.66, denseChance: 3.5 };
    const text = describeStep({ ...step, metrics });
    expect(text).toContain('  loss 7.91 (image 3.41, chance 3.50; dense 1.66, chance 3.50)');
    expect(text.length).toBeLessThan(100);
    const { image: _, dense: __, chance: ___, ...rest } = step.metrics;
    const own = { ...rest, slot: 2, slotChance: 3, dense: 1 };
    expect(describeStep({ ...step, metrics: own })).toContain(
      'loss 7.91 (dense 1.00; slot 2.00, chance 3.00)',
    );
  });

  it('names the step of metrics that are of an earlier one', () => {
    expect(describeStep({ ...step, step: 45 })).toContain('  loss 7.91 at step 42 (image 3.90, ');
  });

  it('tells that the queue is filling, and leaves out what there is not', () => {
    expect(describeStep({ ...step, phase: 'queue is filling', metrics: undefined })).toBe(
      'epoch 3/100  41.2 images/s  0:42 left  queue is filling',
    );
    const { image: _, dense: __, chance: ___, ...metrics } = step.metrics;
    expect(describeStep({ ...step, metrics })).toBe('epoch 3/100  41.2 images/s  0:42 left  loss 7.91');
  });
});

it('formatDuration', () => {
  expect([0, 59.6, 61, 3723, -1].map(formatDuration)).toEqual(['0:00', '1:00', '1:01', '1:02:03', '0:00']);
});

describe('Progress', () => {
  it('prints a line now and then where there is no terminal, the first and the last step among them', () => {
    const lines: string[] = [];
    const progress = new Progress(false, (line) => lines.push(line));
    progress.handle(start);
    progress.handle({ type: 'notice', message: 'shorter queues' });
    progress.handle({ type: 'warning', message: 'skipped a.jpg' });
    progress.handle({ type: 'checkpoint', step: 1, path: 'x' });
    const metricsOf = (done: number) => ({ ...step.metrics, step: done, loss: done });
    for (let done = 1; done <= 1000; done++) {
      progress.handle({ ...step, step: done, metrics: done % 999 === 1 ? metricsOf(done) : undefined });
    }
    progress.stop();
    expect(lines).toEqual([
      '100 epochs of 10 steps, 11.2 M parameters, queues: image 65,536, dense 65,536, loss at chance 22.18',
      'shorter queues',
      'warning: skipped a.jpg',
      `step 1/1000  ${describeStep({ ...step, step: 1, metrics: metricsOf(1) })}`,
      `step 1000/1000  ${describeStep({ ...step, step: 1000, metrics: metricsOf(1000) })}`,
    ]);
  });

  it('says that it resumes, and survives events in any order', () => {
    const lines: string[] = [];
    const progress = new Progress(false, (line) => lines.push(line));
    progress.stop();
    progress.handle(step);
    const { chance: _, ...rest } = start;
    progress.handle({ ...rest, chance: undefined, step: 7, queueLengths: {} });
    progress.stop();
    progress.stop();
    expect(lines[1]).toBe('resuming after step 7: 100 epochs of 10 steps, 11.2 M parameters, queues: none');
  });

  it('tells the chance levels that there are', () => {
    const told = (levels: Pick<PretrainEvent & { type: 'start' }, 'chance' | 'chanceTerms'>) => {
      const lines: string[] = [];
      new Progress(false, (line) => lines.push(line)).handle({ ...start, ...levels });
      return lines[0]?.slice(lines[0].indexOf('dense 65,536') + 12);
    };
    const chanceTerms = { image: 17.744, dense: 4.436 };
    expect(told({ chance: 22.18, chanceTerms })).toBe(', loss at chance 22.18 (image 17.74, dense 4.44)');
    expect(told({ chance: undefined, chanceTerms })).toBe(' (at chance: image 17.74, dense 4.44)');
    expect(told({ chance: undefined, chanceTerms: {} })).toBe('');
  });

  it('draws one bar on a terminal, lines above it', () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 120, rows: 40 });
    let drawn = '';
    stream.on('data', (data) => {
      drawn += data;
    });
    const progress = new Progress(true, undefined, stream as unknown as NodeJS.WriteStream);
    progress.handle(start);
    progress.handle(step);
    progress.line('a line');
    progress.handle({ ...step, step: 1000, metrics: undefined });
    progress.stop();
    expect(drawn).toContain('loss 7.91 at step 42');
    expect(drawn).toContain('first step');
    expect(drawn).toContain('\r\u001b[K\u001b[?7ha line\n\u001b[?7l');
    expect(drawn).toMatch(/█{10} {2}epoch 3\/100 /);
  });
});
