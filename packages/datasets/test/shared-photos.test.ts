import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cropAndResize, imageFolder } from '../src/index.ts';

// Photos whose licences keep them out of the repository lie beside it on some machines.
const data = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));
const present = existsSync(data);
const required = process.env.PIXCON_REQUIRE_SHARED === '1';
const skipped = present || required ? '' : ` (skipped: there is no ${data})`;

describe.skipIf(skipped)(`real photos${skipped}`, () => {
  it('are there', () => {
    expect(present, `PIXCON_REQUIRE_SHARED=1, but there is no ${data}`).toBe(true);
  });

  it.each([
    ['coco/train2017', 80],
    ['camvid/images/train', 367],
    ['formats/images', 2],
  ])('of %s are found, decoded and cropped', async (folder, count) => {
    const dataset = imageFolder(data + folder);
    expect(dataset.length).toBe(count);
    for (let index = 0; index < Math.min(count, 12); index++) {
      const image = await dataset.load(index);
      expect(image.data.length).toBe(image.width * image.height * 3);
      const box = { x0: 1, y0: 2, x1: Math.ceil(image.width / 2), y1: image.height };
      expect((await cropAndResize(image, { box, flipped: true }, 64)).length).toBe(64 * 64 * 3);
    }
  });
});
