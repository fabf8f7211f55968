import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { syntheticScenes } from '@pixcon/datasets';

type Sharp = (
  data: Uint8Array,
  options: { raw: { width: number; height: number; channels: 1 | 3 } },
) => { png(): { toBuffer(): Promise<Buffer> }; toColourspace(space: string): ReturnType<Sharp> };

/** The encoder that the data sets decode with. */
const sharp = createRequire(new URL('../../datasets/src/index.ts', import.meta.url))('sharp') as Sharp;

export const sceneClassNames = ['background', 'striped disc', 'checked square'];

/**
 * Writes scenes as `images/{train,val}/NN.png`, their classes as `masks/…` and, one scene a class in turn, as
 * `classes/{disc,square}/NN.png` and `parts/{Training,Testing}/{disc,square}/NN.png`. The top left pixel's class is 9,
 * to be called void. `binary/…` has masks of 0 and 255.
 */
export async function writeLabelledScenes(folder: string, count: number): Promise<void> {
  const scenes = syntheticScenes({ count, size: 48, classes: sceneClassNames.slice(1) });
  const write = async (path: string, bytes: Uint8Array) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  };
  for (let index = 0; index < count; index++) {
    const { data, width, height } = await scenes.load(index);
    const mask = await scenes.mask(index);
    mask[0] = 9;
    const picture = await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const encoded = (labels: Uint8Array) =>
      sharp(labels, { raw: { width, height, channels: 1 } })
        .toColourspace('b-w')
        .png()
        .toBuffer();
    const number = String(index).padStart(2, '0');
    const [part, className] = [index % 3 === 2, index % 2 === 0 ? 'disc' : 'square'] as const;
    const name = `${part ? 'val' : 'train'}/${number}.png`;
    await write(`images/${name}`, picture);
    await write(`masks/${name}`, await encoded(mask));
    await write(`binary/${name}`, await encoded(mask.map((label) => (label === 1 ? 255 : 0))));
    await write(`classes/${className}/${number}.png`, picture);
    await write(`parts/${part ? 'Testing' : 'Training'}/${className}/${number}.png`, picture);
  }
}
