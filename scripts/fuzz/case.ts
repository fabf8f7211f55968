import { RandomStream } from '@pixcon/core';
import type { Case, ReaderName } from './plan.ts';
import type { FuzzFile, MakeReader, Reader } from './reader.ts';
import { imageReaders } from './readers/images.ts';
import { runReaders } from './readers/runs.ts';
import { weightReaders } from './readers/weights.ts';

export const readers: Readonly<Record<ReaderName, MakeReader>> = {
  ...imageReaders,
  ...weightReaders,
  ...runReaders,
};

export function makeFile(reader: Reader, { reader: name, index }: Case, seed: number): FuzzFile {
  return reader.make(new RandomStream(seed).fork(name, index));
}
