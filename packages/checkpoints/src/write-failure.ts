/** Why something could not be written, and what to do about it. */
export interface WriteFailure {
  /** Such as `the disk is full (ENOSPC)`. */
  readonly reason: string;
  /** An order to the reader, such as `free some space`. */
  readonly cure: string;
}

const known: Readonly<Record<string, WriteFailure>> = {
  ENOSPC: { reason: 'the disk is full', cure: 'free some space' },
  EDQUOT: { reason: 'the disk quota is used up', cure: 'free some space or have it raised' },
  EFBIG: { reason: 'the file would be larger than is allowed', cure: 'have the limit raised' },
  EROFS: { reason: 'the file system is read-only', cure: 'make it writable' },
  EACCES: { reason: 'permission denied', cure: 'make the folder writable' },
  EPERM: { reason: 'permission denied', cure: 'make the folder writable' },
  EIO: { reason: 'the disk reports an error', cure: 'check the disk' },
  ENOENT: { reason: 'its folder is missing', cure: 'make it' },
  ESTALE: { reason: 'the network folder is gone', cure: 'connect it again' },
  EMFILE: { reason: 'too many files are open', cure: 'raise the limit (ulimit -n)' },
  ENFILE: { reason: 'too many files are open', cure: 'end other programs' },
};

/**
 * What the system said when a write failed, in words; `undefined` for an error that is none of the system's.
 *
 * @param error it, or an error that it is the `cause` of
 * @example
 * const failure = writeFailure(error);
 * failure?.reason; // => 'the disk is full (ENOSPC)'
 */
export function writeFailure(error: unknown): WriteFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || typeof syscall !== 'string') return writeFailure(error.cause);
  const { reason, cure } = known[code] ?? { reason: message, cure: 'choose another place' };
  return { reason: known[code] ? `${reason} (${code})` : reason, cure };
}
