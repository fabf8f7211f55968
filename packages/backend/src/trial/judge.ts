import type { Obstacle } from '../candidates/candidate.ts';
import type { TrialResult } from './run-trial.ts';

/** A part of a library that a setting of the environment leaves out. */
export interface Part {
  /** Goes after "without": `oneDNN`. */
  readonly name: string;
  /** Leaves it out where it is 0. */
  readonly variable: string;
}

/** How a library can be used here. */
export interface Verdict {
  /** Why it cannot be. */
  readonly obstacle?: Obstacle;
  /** What has to be in the environment before it is loaded. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Goes into the backend's description. */
  readonly remark?: string;
}

export type HoldTrial = (settings: Readonly<Record<string, string>>) => Promise<TrialResult | undefined>;

/**
 * Tries a library whole and, where that dies, without one of its parts, in the order given. Parts whose variable is set
 * stay as the user wants them.
 *
 * @param device what it runs on, in words
 */
export async function judge(hold: HoldTrial, parts: readonly Part[], device: string): Promise<Verdict> {
  const given = parts.filter(({ variable }) => process.env[variable] !== undefined);
  const left = given.find(({ variable }) => isOff(process.env[variable]));
  const whole = await hold({});
  if (!whole?.died) {
    const remark = left ? `without ${left.name}, as ${settingOf(left)} says` : whole?.remark;
    return remark === undefined ? {} : { remark };
  }
  const ends = [endOf(whole)];
  const trial = `its trial on ${device} ended`;
  for (const { name, variable } of parts) {
    if (process.env[variable] !== undefined) continue;
    const settings = { [variable]: '0' };
    const result = await hold(settings);
    if (result?.died === false) return { settings, remark: `without ${name}: ${trial} ${ends[0]}` };
    if (result) ends.push(`without ${name} ${endOf(result)}`);
  }
  const set = given.map(settingOf).join(' ');
  const reason = `${trial} ${ends.join(', ')}${set && `, with ${set}`}`;
  const unset = given.length > 0 ? `unset ${given.map(({ variable }) => variable).join(' and ')}, or ` : '';
  return { obstacle: { reason, remedy: `${unset}set PIXCON_TRIAL=0, which starts it all the same` } };
}

function isOff(value: string | undefined): boolean {
  return value === '0' || value === 'false';
}

function settingOf({ variable }: Part): string {
  return `${variable}=${process.env[variable]}`;
}

function endOf({ how, during }: TrialResult & { readonly died: true }): string {
  return `${how} in ${during}`;
}
