import { expect, it } from 'vitest';
import { shorten } from './shorten.ts';

it('keeps the beginning and the end of a long text', () => {
  expect(shorten('abcdefghij', 7)).toBe('abc … j');
  expect(shorten('abcdefghij', 10)).toBe('abcdefghij');
  expect(shorten('x'.repeat(5000))).toHaveLength(1000);
});
