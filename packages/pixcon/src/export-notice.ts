import { describeResNet, exportRefusals, fileShape } from '@pixcon/checkpoints';
import { type Backbone, PixconError } from '@pixcon/core';

/**
 * Which formats `pixcon export` will refuse for a network, so that it is known before the training and not after;
 * undefined where there is none.
 */
export function exportNotice({ name, parameters }: Backbone, outputStride: number): string | undefined {
  const shapes = new Map(
    parameters.map(({ name, shape, layout }) => [name, { shape: fileShape(shape, layout) }]),
  );
  const formats = new Map<string, string[]>();
  for (const refusal of refusalsOf(shapes, outputStride)) {
    const [format = '', reason = ''] = refusal.split(/: (.*)/s);
    formats.set(reason, [...(formats.get(reason) ?? []), format]);
  }
  if (formats.size === 0) return undefined;
  const refusals = [...formats].map(([reason, names]) => `${names.join(' and ')} (${reason})`);
  return `note: ${name} has no export to ${refusals.join(', nor to ')}; tfjs takes it, and backbone.safetensors has torchvision’s names`;
}

function refusalsOf(
  shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  outputStride: number,
): readonly string[] {
  try {
    return exportRefusals(describeResNet(shapes), outputStride);
  } catch (error) {
    if (PixconError.isInstance(error)) return [];
    throw error;
  }
}
