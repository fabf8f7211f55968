import type { ResNetDescription } from '../state-dict/describe-resnet.ts';

/** What to say where the other library cannot dilate basic blocks as `@pixcon/backbones` does. */
export function dilationNotes(
  library: string,
  { block }: Pick<ResNetDescription, 'block'>,
  outputStride: number,
): string[] {
  if (outputStride === 32 || block === 'bottleneck') return [];
  const share = outputStride === 16 ? 'second' : 'fourth';
  return [
    `${library} does not dilate basic blocks as this network of output stride ${outputStride} does: it computes the same at stride 32, which is every ${share} of these cells in each direction`,
  ];
}
