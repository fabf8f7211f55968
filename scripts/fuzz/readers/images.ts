import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DecodedImage, RandomStream } from '@pixcon/core';
import { imageFolder, segmentationFolder, segmentFolder } from '@pixcon/datasets';
import sharp, { type Sharp } from 'sharp';
import { jpegSegments, pngChunks, riffChunks } from '../chunks.ts';
import { mutate, mutateParts, type Parts } from '../mutate.ts';
import { assertSound, type MakeReader, pick, type Reader } from '../reader.ts';

const [width, height] = [31, 22];

/** Noise on a slope, in as many channels. */
function picture(channels: 1 | 3 | 4): Sharp {
  const data = Uint8Array.from(
    { length: width * height * channels },
    (_, i) => (i * 7 + ((i * i) % 61)) % 256,
  );
  return sharp(data, { raw: { width, height, channels } });
}

/** A large picture of one colour: small as a file, 12 MB as pixels. */
const large = () => sharp({ create: { width: 2000, height: 2000, channels: 3, background: '#808080' } });
const framed = () => picture(3).withMetadata({ orientation: 6 });
const profiled = () => picture(3).withIccProfile('p3');

const encoders = {
  jpg: async () =>
    await Promise.all([
      picture(3).jpeg().toBuffer(),
      picture(3).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
      picture(1).jpeg().toBuffer(),
      picture(3).toColourspace('cmyk').jpeg().toBuffer(),
      framed().jpeg().toBuffer(),
      profiled().jpeg().toBuffer(),
      large().jpeg().toBuffer(),
    ]),
  png: async () =>
    await Promise.all([
      picture(3).png().toBuffer(),
      picture(4).png().toBuffer(),
      picture(1).png({ compressionLevel: 0 }).toBuffer(),
      picture(3).png({ palette: true, colours: 8 }).toBuffer(),
      picture(3).toColourspace('rgb16').png().toBuffer(),
      picture(3).png({ progressive: true }).toBuffer(),
      framed().png().toBuffer(),
      profiled().png().toBuffer(),
      large().png().toBuffer(),
    ]),
  webp: async () =>
    await Promise.all([
      picture(3).webp().toBuffer(),
      picture(4).webp({ lossless: true }).toBuffer(),
      picture(4).webp({ quality: 5, alphaQuality: 5 }).toBuffer(),
      framed().webp().toBuffer(),
      profiled().webp().toBuffer(),
      large().webp().toBuffer(),
    ]),
};

/** Files of other kinds under an image's name. */
async function strangers(): Promise<Uint8Array[]> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="31" height="22"><rect width="9" height="9"/></svg>`;
  return [
    await picture(3).gif().toBuffer(),
    await picture(3).tiff().toBuffer(),
    new TextEncoder().encode(svg),
    new TextEncoder().encode('%PDF-1.4\n'),
    new Uint8Array(0),
  ];
}

type Seeds = readonly Uint8Array[];

function changed<Part>(seeds: Seeds, parts: Parts<Part>, random: RandomStream, others: Seeds): Uint8Array {
  const seed = pick(random, seeds);
  return random.chance(0.5) ? mutate(seed, random, others) : mutateParts(seed, parts, random, seeds);
}

function imageReader<Part>(extension: keyof typeof encoders, parts: Parts<Part>): MakeReader {
  return async (folder) => {
    const seeds = (await encoders[extension]()).map((file) => Uint8Array.from(file));
    const others = [...(await strangers()), ...seeds];
    return {
      make: (random) => ({
        name: `input.${extension}`,
        bytes: random.chance(0.05)
          ? mutate(pick(random, others), random)
          : changed(seeds, parts, random, others),
      }),
      async read() {
        const image = await imageFolder(folder).load(0);
        assertImage(image);
      },
    } satisfies Reader;
  };
}

function assertImage({ data, width: across, height: down }: DecodedImage): void {
  assertSound(data.length === across * down * 3, `${data.length} bytes for ${across} × ${down} pixels`);
}

/** Masks go with a photo of the same size. */
const maskReader: MakeReader = async (folder) => {
  const photos = join(`${folder}-photos`);
  await mkdir(photos, { recursive: true });
  await writeFile(join(photos, 'input.jpg'), await picture(3).jpeg().toBuffer());
  const labels = Uint8Array.from({ length: width * height }, (_, i) => i % 3);
  const grey = () => sharp(labels, { raw: { width, height, channels: 1 } });
  const files = await Promise.all([
    grey().png().toBuffer(),
    grey().png({ palette: true, colours: 4 }).toBuffer(),
    grey().png({ palette: true, colours: 16 }).toBuffer(),
    grey().toColourspace('grey16').png().toBuffer(),
    grey().withIccProfile('p3').png().toBuffer(),
    grey().png({ progressive: true }).toBuffer(),
    picture(3).png().toBuffer(),
    picture(4).png().toBuffer(),
    sharp({ create: { width: 2000, height: 2000, channels: 3, background: '#000000' } })
      .toColourspace('b-w')
      .png()
      .toBuffer(),
  ]);
  const seeds = files.map((file) => Uint8Array.from(file));
  const others = [...(await strangers()), ...seeds];
  return {
    make: (random) => ({ name: 'input.png', bytes: changed(seeds, pngChunks, random, others) }),
    async read(path) {
      // A folder of segments takes the colours and the depths that a folder of classes refuses.
      try {
        const classes = await segmentationFolder(photos, dirname(path), { voidLabels: [7] });
        const mask = await classes.mask(0);
        assertSound(mask.length === width * height, `${mask.length} labels`);
      } finally {
        const segments = segmentFolder(photos, dirname(path));
        const ids = await segments.segments(0);
        assertSound(ids.length === width * height, `${ids.length} ids`);
      }
    },
  };
};

export const imageReaders = {
  jpeg: imageReader('jpg', jpegSegments),
  png: imageReader('png', pngChunks),
  webp: imageReader('webp', riffChunks),
  mask: maskReader,
} satisfies Readonly<Record<string, MakeReader>>;
