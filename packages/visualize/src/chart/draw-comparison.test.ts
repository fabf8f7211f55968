import { describe, expect, it } from 'vitest';
import { drawComparison } from './draw-comparison.ts';

const rows = [
  { name: 'untrained', values: [0.15, 0.16] },
  { name: 'PixCon-SR', values: [0.2, 0.21] },
];

describe('drawComparison', () => {
  it('has a dot for each repetition, a tick for each mean, and tells the means', () => {
    const svg = drawComparison({ title: 'linear segmentation', metric: 'mIoU', rows });
    expect(svg.match(/<circle/g)).toHaveLength(4);
    expect(svg).toContain('aria-label="linear segmentation, mIoU: untrained 15.5 %, PixCon-SR 20.5 %"');
    expect(svg).not.toContain('NaN');
  });

  it('draws rows that are all the same', () => {
    const same = [{ name: 'only', values: [0.3] }];
    expect(drawComparison({ title: 'x', metric: 'accuracy', rows: same })).not.toMatch(/NaN|Infinity/);
  });
});
