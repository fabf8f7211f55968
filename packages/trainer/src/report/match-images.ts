import type { InspectedPair, Snapshot } from '@pixcon/visualize';
import type { EventImage } from '../tensorboard/events.ts';

/** The matches of every pair as a picture for TensorBoard. */
export async function matchImages(
  pairs: readonly InspectedPair[],
  { inspections }: Snapshot,
): Promise<EventImage[]> {
  const { drawMatches, encodePair, toPng } = await import('@pixcon/visualize');
  const images: EventImage[] = [];
  for (const [index, pair] of pairs.entries()) {
    const inspection = inspections[index];
    if (!inspection) continue;
    const png = await toPng(drawMatches(await encodePair(pair), inspection), { width: 512 });
    images.push({ tag: `matches/${index} ${pair.name}`, ...pngSize(png), png });
  }
  return images;
}

/** The header chunk of a PNG file comes first: after a signature, a length and a name of 16 bytes in all. */
function pngSize(png: Uint8Array): { readonly width: number; readonly height: number } {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}
