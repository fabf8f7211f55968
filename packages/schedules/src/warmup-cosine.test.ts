import { describe, expect, it } from 'vitest';
import { warmupCosine } from './warmup-cosine.ts';

describe('warmupCosine', () => {
  it('is a cosine from base to end without a warm-up', () => {
    const schedule = warmupCosine({ base: 0.4, totalSteps: 100 });
    expect(schedule(0)).toBe(0.4);
    expect(schedule(50)).toBeCloseTo(0.2, 12);
    expect(schedule(25)).toBeCloseTo(0.2 * (1 + Math.SQRT1_2), 12);
    expect(schedule(100)).toBe(0);
    expect(schedule(250)).toBe(0);
    expect(warmupCosine({ base: 1, totalSteps: 10, end: 0.2 })(5)).toBeCloseTo(0.6, 12);
    expect(warmupCosine({ base: 1, totalSteps: 10, end: 0.2 })(10)).toBe(0.2);
  });

  it('follows mmcv in the warm-up and after it', () => {
    // The numbers are mmcv's update rule worked by hand for base 0.4, 80 steps, 4 of warm-up from ratio 1e-4.
    const schedule = warmupCosine({ base: 0.4, totalSteps: 80, warmupSteps: 4 });
    expect(schedule(0)).toBeCloseTo(0.4e-4, 15);
    expect(schedule(2)).toBeCloseTo(0.19971170254665, 14);
    expect(schedule(3)).toBeCloseTo(0.4 * 0.5 * (1 + Math.cos((3 * Math.PI) / 80)) * (1 - 0.25 * 0.9999), 12);
    expect(schedule(4)).toBeCloseTo(0.4 * 0.5 * (1 + Math.cos(Math.PI / 20)), 12);
    expect(schedule(4)).toBeLessThan(0.4);
  });

  it('rises through the warm-up, then falls', () => {
    const schedule = warmupCosine({ base: 1, totalSteps: 200, warmupSteps: 20 });
    for (let step = 0; step < 19; step++) expect(schedule(step + 1)).toBeGreaterThan(schedule(step));
    for (let step = 20; step < 200; step++) expect(schedule(step + 1)).toBeLessThan(schedule(step));
  });

  it('is multiplied by the ratio 1 as if there were no warm-up', () => {
    const [plain, warm] = [0, 5].map((warmupSteps) =>
      warmupCosine({ base: 2, totalSteps: 10, warmupSteps, warmupRatio: 1 }),
    );
    for (let step = 0; step <= 10; step++) expect(warm?.(step)).toBe(plain?.(step));
  });

  it('refuses bad options and steps', () => {
    expect(() => warmupCosine({ base: -1, totalSteps: 10 })).toThrow('base must be a number of at least 0');
    expect(() => warmupCosine({ base: 1, totalSteps: 0 })).toThrow(
      'totalSteps must be a whole number of at least 1',
    );
    expect(() => warmupCosine({ base: 1, totalSteps: 10, warmupSteps: 10 })).toThrow(
      'warmupSteps must be below',
    );
    expect(() => warmupCosine({ base: 1, totalSteps: 10, warmupRatio: 0 })).toThrow('warmupRatio must be');
    expect(() => warmupCosine({ base: 1, totalSteps: 10 })(-1)).toThrow('step must be');
  });
});
