import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { syntheticScenes } from '@pixcon/datasets';

type Sharp = (
  data: Uint8Array,
  options: { raw: { width: number; height: number; channels: 3 } },
) => { toFormat(format: string): { toBuffer(): Promise<Buffer> } };

/** The encoder that the data sets decode with. */
const sharp = createRequire(new URL('../../datasets/src/index.ts', import.meta.url))('sharp') as Sharp;

/** Writes `count` small scenes as files: JPEG, and some PNG and WebP, in two folders. Returns their names. */
export async function writePhotos(folder: string, count: number): Promise<string[]> {
  const scenes = syntheticScenes({ count, size: 48 });
  const names: string[] = [];
  for (let index = 0; index < count; index++) {
    const { data, width, height } = await scenes.load(index);
    const format = ['jpeg', 'jpeg', 'png', 'webp'][index % 4] as string;
    const name = join(index % 2 === 0 ? 'even' : 'odd', `${String(index).padStart(3, '0')}.${format}`);
    await mkdir(dirname(join(folder, name)), { recursive: true });
    const encoded = await sharp(data, { raw: { width, height, channels: 3 } })
      .toFormat(format)
      .toBuffer();
    await writeFile(join(folder, name), encoded);
    names.push(name);
  }
  return names;
}

/** Cuts files in half, as a broken download does. */
export async function truncate(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const bytes = await readFile(join(folder, name));
    await writeFile(join(folder, name), bytes.subarray(0, bytes.length / 2));
  }
}
