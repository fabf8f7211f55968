import { PixconError } from '@pixcon/core';

/** What became of a case. Only the first two are right. */
export const outcomes = ['read', 'refused', 'fault', 'executed', 'crash', 'hang', 'memory'] as const;
export type Outcome = (typeof outcomes)[number];

/** The words of an engine that met what it did not expect, in a message that is meant for people. */
const internal =
  /Cannot (read|set|convert|destructure|mix)|is not (a function|iterable|defined|a constructor)|Maximum call stack|Invalid (array|typed array|string) length|Array buffer allocation|out of range|outside the bounds|\bundefined\b|\[object |\bNaN\b/;

/** A refusal is a PixconError of one sentence that speaks of the file; all else is a fault of the reader. */
export function judge(error: unknown): { readonly outcome: Outcome; readonly message: string } {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (!PixconError.isInstance(error)) return { outcome: 'fault', message: stack };
  const { message } = error;
  if (message.length > 2000)
    return {
      outcome: 'fault',
      message: `a message of ${message.length} characters: ${message.slice(0, 300)}`,
    };
  if (internal.test(message))
    return { outcome: 'fault', message: `the message speaks of the engine: ${stack}` };
  return { outcome: 'refused', message };
}
