import { readFile } from 'node:fs/promises';
import { PixconError } from '@pixcon/core';
import sharp from 'sharp';
import { barePng, type PngHeader } from './bare-png.ts';
import { decoderReason } from './decoder-reason.ts';

/** The numbers that a label PNG stores. */
export interface LabelMap {
  readonly width: number;
  readonly height: number;
  /** 1: grey values or palette indices. 3: red, green, blue, interleaved. */
  readonly channels: 1 | 3;
  readonly bitDepth: number;
  /** What the file calls its numbers. */
  readonly colour: PngHeader['colour'];
  readonly data: Uint8Array | Uint16Array;
}

/**
 * Reads a label PNG as numbers: a palette gives indices, not colours, grey gives values of up to 16 bits as they
 * are stored, whatever profile or gamma the file carries. An alpha channel is dropped. Decodes on sharp's threads.
 *
 * @param where the public function that was called, for the message
 * @throws PixconError `data` that names the file and the reason
 */
export async function readLabelMap(where: string, path: string): Promise<LabelMap> {
  const fail = (reason: string, cause?: unknown) =>
    new PixconError('data', `${where}: cannot read the mask ${path}: ${reason}`, { cause });
  const file = await readFile(path).catch((error: Error) => {
    throw fail(error.message, error);
  });
  if (file.length === 0) throw fail('the file is empty');
  const png = barePng(file);
  if (!png) throw fail('expected a PNG file, and it is none or is cut off');
  const { bitDepth, colour } = png.header;
  const channels = colour.startsWith('rgb') ? 3 : 1;
  const deep = bitDepth === 16;
  const space = channels === 3 ? (deep ? 'rgb16' : 'srgb') : deep ? 'grey16' : 'b-w';
  try {
    const { data, info } = await sharp(png.bytes, { failOn: 'error' })
      .removeAlpha()
      .toColourspace(space)
      .raw({ depth: deep ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== channels)
      throw new Error(`it decodes to ${info.channels} channels, not ${channels}`);
    const { width, height } = info;
    const shape = { width, height, channels, bitDepth, colour } as const;
    if (deep) return { ...shape, data: new Uint16Array(Uint8Array.from(data).buffer) };
    return { ...shape, data: unscale(data, bitDepth) };
  } catch (error) {
    throw fail(decoderReason(error), error);
  }
}

/**
 * What its numbers are, in words: `palette`, `grey of 8 bits`. Encoders choose a palette's bits by its length, but a
 * white pixel is 1 in grey of 1 bit and 255 in grey of 8.
 */
export function kindOf({ colour, bitDepth }: LabelMap): string {
  return colour === 'palette' ? colour : `${colour} of ${bitDepth === 1 ? '1 bit' : `${bitDepth} bits`}`;
}

/** Decoders stretch 1, 2 and 4 bits over 0 to 255. */
function unscale(data: Uint8Array, bitDepth: number): Uint8Array {
  if (bitDepth === 8) return data;
  const step = 255 / (2 ** bitDepth - 1);
  return data.map((value) => Math.round(value / step));
}
