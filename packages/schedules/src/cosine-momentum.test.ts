import { describe, expect, it } from 'vitest';
import { cosineMomentum } from './cosine-momentum.ts';

describe('cosineMomentum', () => {
  it('rises from base to end along a cosine', () => {
    const momentum = cosineMomentum({ totalSteps: 400 });
    expect(momentum(0)).toBeCloseTo(0.99, 15);
    expect(momentum(100)).toBeCloseTo(1 - 0.01 * 0.5 * (1 + Math.SQRT1_2), 14);
    expect(momentum(200)).toBeCloseTo(0.995, 15);
    expect(momentum(400)).toBe(1);
    expect(momentum(1000)).toBe(1);
    for (let step = 0; step < 400; step++) expect(momentum(step + 1)).toBeGreaterThan(momentum(step));
  });

  it('can stay, or end elsewhere', () => {
    expect(cosineMomentum({ base: 0.9, end: 0.9, totalSteps: 3 })(1)).toBe(0.9);
    expect(cosineMomentum({ base: 0.9, end: 0.8, totalSteps: 2 })(1)).toBeCloseTo(0.85, 15);
  });

  it('refuses bad options and steps', () => {
    expect(() => cosineMomentum({ base: 1.1, totalSteps: 3 })).toThrow('base must be');
    expect(() => cosineMomentum({ end: -0.1, totalSteps: 3 })).toThrow('end must be');
    expect(() => cosineMomentum({ totalSteps: 2.5 })).toThrow('totalSteps must be a whole number');
    expect(() => cosineMomentum({ totalSteps: 3 })(Number.NaN)).toThrow('step must be');
  });
});
