import { readFile } from 'node:fs/promises';
import { type DecodedImage, PixconError } from '@pixcon/core';
import sharp from 'sharp';
import { isTaggedSrgb } from './colour-profile.ts';
import { decoderReason } from './decoder-reason.ts';

/**
 * Decodes an image file to 8-bit sRGB on sharp's threads.
 *
 * @throws PixconError `data` that names the file and the reason
 */
export async function decodeFile(path: string): Promise<DecodedImage> {
  let file: Uint8Array | undefined;
  try {
    file = await readFile(path);
    assertPixels(path, file);
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

/**
 * A drawing under a photo's name would be drawn, by a library that reads other files and fonts for it. Who asks for
 * drawings by their extension gets them.
 */
function assertPixels(path: string, file: Uint8Array): void {
  if (/\.svgz?$/i.test(path)) return;
  const isPacked = file[0] === 0x1f && file[1] === 0x8b;
  const start = new TextDecoder('latin1').decode(file.subarray(0, 1024));
  if (isPacked || /^[^<]*<(?:svg|\?xml|!doctype|!--)/i.test(start.replaceAll('\0', ''))) {
    throw new Error('it is a drawing or a page, not a photo');
  }
}

function firstLine(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'the file is missing';
  return decoderReason(error);
}
