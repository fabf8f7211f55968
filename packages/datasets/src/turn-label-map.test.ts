import sharp from 'sharp';
import { expect, it } from 'vitest';
import type { LabelMap } from './read-label-map.ts';
import { turnLabelMap } from './turn-label-map.ts';

it.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'turns numbers as pictures of orientation %i are turned',
  async (orientation) => {
    const [width, height] = [3, 2];
    // As decoders give it.
    const grey = Buffer.from([10, 20, 30, 40, 50, 60]);
    const rgb = Uint8Array.from({ length: 18 }, (_, at) => at * 10);
    for (const [channels, data] of [
      [1, grey],
      [3, rgb],
    ] as const) {
      const stored = await sharp(data, { raw: { width, height, channels } })
        .withMetadata({ orientation })
        .png()
        .toBuffer();
      const image = sharp(stored).autoOrient();
      const shown = await (channels === 1 ? image.toColourspace('b-w') : image)
        .raw()
        .toBuffer({ resolveWithObject: true });
      const map: LabelMap = {
        width,
        height,
        channels,
        data,
        bitDepth: 8,
        colour: channels === 1 ? 'grey' : 'rgb',
      };
      const turned = turnLabelMap(map, orientation);
      expect([turned.width, turned.height]).toEqual([shown.info.width, shown.info.height]);
      expect([...turned.data]).toEqual([...shown.data]);
    }
  },
);
