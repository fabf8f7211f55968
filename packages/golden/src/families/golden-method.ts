import type { Match, Method, Schedule } from '@pixcon/core';
import type { GoldenFile } from '../golden-file.ts';
import type { NamePrefixes } from '../parameter-names.ts';

/** A golden file's run with our parts. */
export interface GoldenMethod {
  readonly method: Method;
  /** Our name of each loss in the record. */
  readonly terms: Readonly<Record<string, string>>;
  /** Our name of each queue in the file. */
  readonly queues: Readonly<Record<string, string>>;
  /** The reference implementation's prefixes of the online parameters, and ours. */
  readonly prefixes: NamePrefixes;
  /** Prefix of the target's backbone in the file, and of the online one's. */
  readonly targetPrefix?: readonly [target: string, online: string];
  /** What the recorded losses have more than ours: a constant that the authors leave out. */
  readonly offset?: number;
  /** Momentum of the target by step; the method's own at every step by default. */
  readonly targetMomentum?: Schedule;
}

/**
 * Recognises the files of one family of methods: the method with the authors' settings, or `undefined` for other
 * files. `onMatch` can ask for the match that the file records, once for each direction.
 */
export type GoldenFamily = (
  file: GoldenFile,
  onMatch: (recorded: () => Match) => void,
) => GoldenMethod | undefined;
