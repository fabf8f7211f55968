import type { RandomStream } from '@pixcon/core';
import { mutate } from './mutate.ts';

const names = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  ' ',
  '0',
  '\u0000',
  '💥',
];

/** Values where another was expected. */
const values: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e15,
  1e308,
  -1e308,
  2 ** 53,
  '',
  'x',
  '\u0000\u001b[31m\ud800',
  '../../../etc',
  '<script>alert(1)</script>',
  'x'.repeat(20_000),
  [],
  {},
  [null],
  [[[[]]]],
  { length: 1e9 },
];

const pick = <T>(random: RandomStream, from: readonly T[]): T => from[random.integer(0, from.length)] as T;

/** A value changed somewhere in its tree: another type, another name, left out, twice, deeply nested. */
function change(value: unknown, random: RandomStream): unknown {
  const isContainer = typeof value === 'object' && value !== null;
  if (!isContainer || random.chance(0.15)) {
    if (random.chance(0.05)) return nested(random.integer(10, 2000));
    return pick(random, values);
  }
  if (Array.isArray(value)) {
    const copy = [...(value as unknown[])];
    const at = random.integer(0, copy.length + 1);
    if (at === copy.length || random.chance(0.2)) copy.splice(at, random.integer(0, 2), pick(random, values));
    else copy[at] = change(copy[at], random);
    return copy;
  }
  const entries = Object.entries(value);
  const at = random.integer(0, entries.length + 1);
  const [name, item] = entries[at] ?? [pick(random, names), pick(random, values)];
  const kind = random.integer(0, 6);
  if (kind === 0) entries.splice(at, 1);
  else if (kind === 1) entries[at] = [pick(random, names), item];
  else entries[at] = [name, change(item, random)];
  // As JSON.parse does it: an own property, whatever its name.
  return Object.fromEntries(entries);
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** JSON with its values changed, or its text, or both. */
export function mutateJson(value: unknown, random: RandomStream): Uint8Array {
  let changed = value;
  for (let count = random.integer(0, 4); count > 0; count--) changed = change(changed, random);
  let text = JSON.stringify(changed) ?? '';
  if (random.chance(0.05)) text = `${text.slice(0, -1)}${'['.repeat(50_000)}`;
  if (random.chance(0.05)) text = text.replace(/:/, ':1e999999,"x":');
  if (random.chance(0.05)) text = `\ufeff${text}`;
  const bytes = new TextEncoder().encode(text);
  return random.chance(0.3) ? mutate(bytes, random) : bytes;
}
