import { describe, expect, it } from 'vitest';
import { halfAccess } from './half-access.ts';

describe('access to halves', () => {
  const { rewrite } = halfAccess('test', ['x', 'y']);

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

  it.each([
    ['y[i] *= 2.0;', 'y[i] = toHalves(fromHalves(y[i]) * (2.0));'],
    ['y[i] /= x[i]; // y[i] = the sum', 'y[i] = toHalves(fromHalves(y[i]) / (fromHalves(x[i])));  '],
    ['/* sets y[i] = x[ */ y[i] = v /* ; */ + x[i];', '  y[i] = toHalves(v   + fromHalves(x[i]));'],
    ['let a = m.x[0] + fx[1] + x[i].x;', 'let a = m.x[0] + fx[1] + fromHalves(x[i]).x;'],
  ])('%s', (text, expected) => {
    expect(rewrite(text)).toBe(expected);
  });

  it.each(['y[i].x = 1.0;', 'y[i][0] += 1.0;', 'y[i]++;', 'f(&x[i]);', 'y[i] = 1', 'let a = x[i + 1;'])(
    'refuses %s',
    (text) => {
      expect(() => rewrite(text)).toThrow(
        /test: [xy] is in half precision, of which a shader reads and writes whole/,
      );
    },
  );

  it('changes nothing where there are none', () => {
    const none = halfAccess('test', []);
    expect(none.functions).toBe('');
    expect(none.rewrite('x[i] = y[i];')).toBe('x[i] = y[i];');
  });
});
