import { resnet10, resnet18, resnet34, resnet50, resnet101 } from '@pixcon/backbones';
import { type TrialConvolution, trialConvolutions } from '@pixcon/backend';
import type { Backbone } from '@pixcon/core';
import { expect, it } from 'vitest';

function convolutionsOf({ parameters, graph }: Backbone): TrialConvolution[] {
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  return (graph?.nodes ?? []).flatMap((node) => {
    if (node.kind !== 'convolution') return [];
    const [size, , input, output] = shapes.get(`${node.convolution}.weight`) as [
      number,
      number,
      number,
      number,
    ];
    return [{ size, input, output, stride: node.stride, dilation: node.dilation }];
  });
}

it('a trial of a native library computes every convolution of every network, and no other', () => {
  const text = ({ size, input, output, stride, dilation }: TrialConvolution) =>
    `${size}×${size}, ${input} to ${output}, stride ${stride}, dilation ${dilation}`;
  const networks = [resnet10, resnet18, resnet34, resnet50, resnet101].flatMap((make) =>
    (['imagenet', 'small'] as const).flatMap((stem) =>
      ([8, 16, 32] as const).map((outputStride) => make({ stem, outputStride })),
    ),
  );
  const needed = new Set(networks.flatMap(convolutionsOf).map(text));
  expect(needed.size).toBeGreaterThan(30);
  expect(trialConvolutions.map(text).sort()).toEqual([...needed].sort());
});
