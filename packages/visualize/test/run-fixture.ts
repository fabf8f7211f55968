import { RandomStream } from '@pixcon/core';
import type { InspectedPair, PairInspection, ReportData, ReportMetrics } from '../src/index.ts';

/** Noise, so that pictures are told from empty ones. */
function noise(random: RandomStream, width: number, height: number) {
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 256));
  return { width, height, pixels };
}

/** A photo of 60 × 40 from an image of twice that size, with views that share [60, 80] × [20, 60] of it. */
export function makePair(name = 'photo.jpg'): InspectedPair {
  const random = new RandomStream(1);
  return {
    name,
    source: { width: 120, height: 80 },
    photo: noise(random, 60, 40),
    views: [
      { ...noise(random, 32, 32), geometry: { box: { x0: 20, y0: 0, x1: 80, y1: 60 }, flipped: false } },
      { ...noise(random, 32, 32), geometry: { box: { x0: 60, y0: 20, x1: 110, y1: 70 }, flipped: true } },
    ],
  };
}

/** Cell i is matched with the i-th from the end; weights rise from 0 to 1; the right half lies in the overlap. */
export function makeInspection(height = 4, width = 4): PairInspection {
  const cells = height * width;
  const rising = Float32Array.from({ length: cells }, (_, cell) => cell / Math.max(1, cells - 1));
  return {
    grid: { height, width },
    index: Int32Array.from({ length: cells }, (_, cell) => cells - 1 - cell),
    weight: rising,
    similarity: rising.map((value) => 1 - value),
    inOverlap: rising.map((_, cell) => (cell % width >= width / 2 ? 1 : 0)),
    attention: {
      grid: { height: 2, width: 3 },
      maps: [
        { cell: 4, cosine: Float32Array.of(0.2, 0.3, 0.4, 0.5, 1, 0.6) },
        { cell: 0, cosine: Float32Array.of(1, 0.9, 0.8, 0.7, 0.6, 0.5) },
      ],
    },
  };
}

/** A run that is learning: the queue of 320 keys is full at step 10, then the loss falls. */
export function makeMetrics(steps: number): ReportMetrics[] {
  return Array.from({ length: steps }, (_, step) => {
    const image = step < 10 ? 2 + 0.3 * step : 5 - Math.min(2, step / 100);
    return {
      step,
      epoch: 0,
      loss: image + 1,
      image,
      dense: 1,
      chance: 6.5,
      learningRate: 0.1 / (1 + step),
      targetMomentum: 0.99,
      queueFilled: Math.min(320, (step + 1) * 32),
      imagesPerSecond: 100 + (step % 7),
      featureDeviation: 0.9,
      matchWeight: 0.6,
      residentMiB: 500,
      tensorMiB: 100,
    };
  });
}

export function makeReport(changes: Partial<ReportData> = {}): ReportData {
  return {
    title: 'A run',
    config: { method: 'pixcon-sr', batchSize: 32, crops: { scale: [0.08, 1] } },
    status: {
      state: 'running',
      step: 50,
      totalSteps: 100,
      updated: '2026-01-02T03:04:05Z',
      queueLength: 320,
    },
    metrics: makeMetrics(50),
    scores: [
      {
        title: 'Linear segmentation',
        metric: 'mIoU',
        untrained: 0.204,
        trained: 0.262,
        detail: 'On 10 photos.',
        perClass: [
          { name: 'road', untrained: 0.5, trained: 0.6 },
          { name: 'sky', untrained: null, trained: null },
        ],
        confusion: [
          [90, 10],
          [0, 0],
        ],
      },
    ],
    pairs: [makePair('a.jpg'), makePair('b.jpg')],
    snapshots: [0, 10, 30, 50].map((step) => ({ step, inspections: [makeInspection(), makeInspection()] })),
    ...changes,
  };
}
