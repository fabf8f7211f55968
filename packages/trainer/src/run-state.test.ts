import { PixconError } from '@pixcon/core';
import { expect, it } from 'vitest';
import { restoreState } from './run-state.ts';

const record = { step: 3, identity: {}, backend: 'wasm', unreadable: {}, queues: {} };

it.each([
  ['nothing', null, 'whole number of steps'],
  ['a list', [], 'whole number of steps'],
  ['half a step', { ...record, step: 2.5 }, 'whole number of steps'],
  ['steps in words', { ...record, step: '3' }, 'whole number of steps'],
  ['no settings', { ...record, identity: null }, 'settings'],
  ['no backend', { ...record, backend: 1 }, 'backend'],
  ['no list of images', { ...record, unreadable: null }, 'list of unreadable images'],
  ['an image without a reason', { ...record, unreadable: { 'a.png': 1 } }, 'list of unreadable images'],
  ['no queues', { ...record, queues: [] }, 'places in its queues'],
  ['a queue without a place', { ...record, queues: { dense: { filled: 1 } } }, 'places in its queues'],
])('refuses a checkpoint whose record is %s', (_, damaged, missing) => {
  // Refused before any of the others is touched.
  const nothing = {} as never;
  const restore = () => restoreState({ sections: {}, record: damaged }, nothing, nothing, {});
  expect(restore).toThrow(`pretrain: the checkpoint has no ${missing}: it is damaged`);
  expect(restore).toThrow(PixconError);
});

it('shortens settings that differ', () => {
  const nothing = {} as never;
  const identity = { method: 'x'.repeat(5000) };
  const restore = () => restoreState({ sections: {}, record: { ...record, identity } }, nothing, nothing, {});
  expect(restore).toThrow(
    /^pretrain: the checkpoint was made with method "x{100,200} … x*", this run has none; /,
  );
});
