import { expect, it } from 'vitest';
import { pickSnapshots } from './pick-snapshots.ts';

const at = (...steps: number[]) => steps.map((step) => ({ step, inspections: [] }));
const picked = (...steps: number[]) => pickSnapshots(at(...steps)).map(({ step }) => step);

it('picks early, middle and late by step, not by place', () => {
  expect(picked(0, 1, 2, 3, 48, 100)).toEqual([0, 48, 100]);
  expect(picked(0, 40, 60, 100)).toEqual([0, 40, 100]);
});

it('gives what there is', () => {
  expect(picked()).toEqual([]);
  expect(picked(0)).toEqual([0]);
  expect(picked(0, 9)).toEqual([0, 9]);
});
