import { constants, existsSync, statSync } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFailure } from '@pixcon/checkpoints/node';
import { PixconError } from '@pixcon/core';

/**
 * Makes the folder of a file that is to be written, so that a path that cannot be is told before the work.
 *
 * @throws PixconError `invalid-argument`
 */
export async function prepareOutput(path: string): Promise<void> {
  if (existsSync(path) && statSync(path).isDirectory()) {
    throw new PixconError('invalid-argument', `expected a file to write, but ${path} is a folder`);
  }
  const folder = dirname(path);
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const inFile = code === 'EEXIST' || code === 'ENOTDIR';
    const reason = inFile ? `a part of ${folder} is a file` : (writeFailure(cause)?.reason ?? message);
    throw new PixconError('invalid-argument', `cannot write ${path}: ${reason}; choose another path`, {
      cause,
    });
  }
}
