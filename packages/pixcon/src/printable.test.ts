import { describe, expect, it } from 'vitest';
import { printable } from './printable.ts';

describe('printable', () => {
  it('writes control characters out, and nothing else', () => {
    expect(printable('a\u001b[31mb\u009bc\u007fd\re')).toBe('a\\u001b[31mb\\u009bc\\u007fd\\u000de');
    expect(printable('größer “so” 🦊\nzwei')).toBe('größer “so” 🦊\nzwei');
  });
});
