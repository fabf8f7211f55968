import { describe, expect, it } from 'vitest';
import { halfAccess } from './half-access.ts';

describe('access to halves', () => {
  const { rewrite } = halfAccess(['x', 'y']);

  it.each([
    ['let a = x[i];', 'let a = fromHalves(x[i]);'],
    ['let a = x[y[i] + 1] + z[2];', 'let a = fromHalves(x[fromHalves(y[i]) + 1]) + z[2];'],
    ['y[at[0] >> 2u] = value;', 'y[at[0] >> 2u] = toHalves(value);'],
    ['y[i] = x[i] * 2.0;', 'y[i] = toHalves(fromHalves(x[i]) * 2.0);'],
    ['y[i] += x[i];', 'y[i] = toHalves(fromHalves(y[i]) + (fromHalves(x[i])));'],
    [
      'if (x[i].x == y[i].x) { max[i] = 1; }',
      'if (fromHalves(x[i]).x == fromHalves(y[i]).x) { max[i] = 1; }',
    ],
    [
      'if (all(x[i] == y[i])) { dx[i] = x[i]; }',
      'if (all(fromHalves(x[i]) == fromHalves(y[i]))) { dx[i] = fromHalves(x[i]); }',
    ],
  ])('%s', (text, expected) => {
    expect(rewrite(text)).toBe(expected);
  });

  it('changes nothing where there are none', () => {
    const none = halfAccess([]);
    expect(none.functions).toBe('');
    expect(none.rewrite('x[i] = y[i];')).toBe('x[i] = y[i];');
  });
});
