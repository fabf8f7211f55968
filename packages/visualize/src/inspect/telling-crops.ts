import { sampleTwoCrops, type TwoCropOptions } from '@pixcon/augment';
import {
  area,
  type Box,
  type DecodedImage,
  intersect,
  type RandomStream,
  type ViewGeometry,
} from '@pixcon/core';

type Crops = readonly [ViewGeometry, ViewGeometry];

const attempts = 40;
/** Shares of both crops that make a telling picture: something to match, and something that lies outside. */
const [leastOverlap, mostOverlap] = [0.2, 0.7];
/** Points along each axis that the detail of a part is judged by. */
const samples = 24;

/**
 * Two crops of an image by the run's own rule that say something as a picture: of many draws, those whose overlap is
 * a good part of both and not all of either, and of these the one with most to see in the overlap.
 *
 * @param random is only forked
 */
export function tellingCrops(image: DecodedImage, random: RandomStream, options: TwoCropOptions): Crops {
  let best: Crops | undefined;
  let least = Number.POSITIVE_INFINITY;
  let most = -1;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const crops = sampleTwoCrops(image.width, image.height, random.fork('crops', attempt), options);
    const shared = intersect(crops[0].box, crops[1].box);
    const excess = overlapExcess(crops, shared);
    if (excess > least) continue;
    const seen = shared ? detail(image, shared) : 0;
    if (excess === least && seen <= most) continue;
    [best, least, most] = [crops, excess, seen];
  }
  return best as Crops;
}

/** How far the overlap's shares of the two crops lie outside the telling range; 0 within. */
function overlapExcess(crops: Crops, shared: Box | undefined): number {
  return crops.reduce((sum, { box }) => {
    const share = shared ? area(shared) / area(box) : 0;
    return sum + Math.max(0, leastOverlap - share, share - mostOverlap);
  }, 0);
}

/** The standard deviation of the grey levels of a part of an image, from a grid of points. */
function detail({ data, width }: DecodedImage, { x0, y0, x1, y1 }: Box): number {
  let [sum, squares] = [0, 0];
  for (let row = 0; row < samples; row++) {
    const y = Math.floor(y0 + ((row + 0.5) / samples) * (y1 - y0));
    for (let column = 0; column < samples; column++) {
      const x = Math.floor(x0 + ((column + 0.5) / samples) * (x1 - x0));
      const at = (y * width + x) * 3;
      const grey = ((data[at] as number) + (data[at + 1] as number) + (data[at + 2] as number)) / 3;
      sum += grey;
      squares += grey * grey;
    }
  }
  const count = samples * samples;
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}
