import { readFile } from 'node:fs/promises';
import { type DecodedImage, PixconError } from '@pixcon/core';
import sharp from 'sharp';
import { isTaggedSrgb } from './colour-profile.ts';

/**
 * Decodes an image file to 8-bit sRGB on sharp's threads.
 *
 * @throws PixconError `data` that names the file and the reason
 */
export async function decodeFile(path: string): Promise<DecodedImage> {
  let file: Uint8Array | undefined;
  try {
    file = await readFile(path);
    const options = { failOn: 'error', sequentialRead: true, ignoreIcc: isTaggedSrgb(file) } as const;
    const { data, info } = await sharp(file, options)
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`it decodes to ${info.channels} channels, not 3`);
    return { data, width: info.width, height: info.height };
  } catch (error) {
    const reason = file?.length === 0 ? 'the file is empty' : firstLine(error);
    throw new PixconError('data', `imageFolder: cannot read ${path}: ${reason}`, { cause: error });
  }
}

function firstLine(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'the file is missing';
  const message = error instanceof Error ? error.message : String(error);
  const line = message.split('\n', 1)[0] as string;
  // libvips says no more about some files that end early.
  return line === 'Unknown error' ? 'the image data is damaged or cut off' : line;
}
