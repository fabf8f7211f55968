/** A value as a pure function of the step, counted from 0. */
export type Schedule = (step: number) => number;
