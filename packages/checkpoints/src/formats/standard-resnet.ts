import type { ResNetDescription } from '../state-dict/describe-resnet.ts';
import { refuse } from './refuse.ts';

const depths: Readonly<Record<string, number>> = {
  resnet18: 18,
  resnet34: 34,
  resnet50: 50,
  resnet101: 101,
  resnet152: 152,
};

/**
 * Depth and base width of a ResNet as mmsegmentation and Detectron2 build them.
 *
 * @throws PixconError `invalid-argument` for other stages, another stem, or widths that do not double
 */
export function standardResNet(
  library: string,
  { planes, stemSize, name, layers }: ResNetDescription,
): { readonly depth: number; readonly base: number } {
  const depth = depths[name ?? ''];
  if (depth === undefined) {
    throw refuse(
      library,
      `the depths there are ${Object.values(depths).join(', ')}, this network has stages of ${layers.join(', ')} blocks`,
    );
  }
  if (stemSize !== 7)
    throw refuse(library, `its stem has a 7×7 convolution, this one ${stemSize}×${stemSize}`);
  const base = planes[0] as number;
  if (planes.some((width, stage) => width !== base * 2 ** stage)) {
    throw refuse(
      library,
      `each of its stages is twice as wide as the one before, these are ${planes.join(', ')}`,
    );
  }
  return { depth, base };
}
