import { describe, expect, it } from 'vitest';
import { type ResNetOptions, resnet } from './resnet.ts';

describe('resnet().graph', () => {
  it.each<ResNetOptions>([
    { block: 'basic', layers: [2, 2, 2, 2] },
    { block: 'bottleneck', layers: [3, 4], outputStride: 8 },
    { block: 'basic', layers: [1, 1, 1], planes: [4, 4, 4], stem: 'small' },
  ])('uses every parameter of %o once, in order', (options) => {
    const { graph, parameters, stages } = resnet(options);
    if (!graph) return expect.fail('no graph');
    const known = new Set([graph.input]);
    const used: string[] = [];
    for (const node of graph.nodes) {
      expect(known).toContain(node.input);
      if (node.kind === 'convolution') {
        used.push(`${node.convolution}.weight`);
        for (const field of ['weight', 'bias', 'running_mean', 'running_var']) {
          used.push(`${node.normalization}.${field}`);
        }
        if (node.residual !== undefined) expect(known).toContain(node.residual);
      }
      expect(known).not.toContain(node.name);
      known.add(node.name);
    }
    expect(used.sort()).toEqual(parameters.map(({ name }) => name).sort());
    expect(Object.keys(graph.stages)).toEqual(stages.map(({ name }) => name));
    for (const name of Object.values(graph.stages)) expect(known).toContain(name);
    return undefined;
  });

  it('says strides, paddings and dilations as torchvision has them', () => {
    const { graph } = resnet({ block: 'bottleneck', layers: [3, 4, 6, 3], outputStride: 16 });
    const node = (name: string) => graph?.nodes.find((part) => part.name === name);
    expect(node('conv1')).toMatchObject({ input: 'images', stride: 2, padding: 3, dilation: 1, relu: true });
    expect(node('maxpool')).toMatchObject({ input: 'conv1', size: 3, stride: 2, padding: 1 });
    expect(node('layer2.0.conv2')).toMatchObject({ stride: 2, padding: 1, dilation: 1 });
    expect(node('layer4.0.conv2')).toMatchObject({ stride: 1, padding: 1, dilation: 1 });
    expect(node('layer4.1.conv2')).toMatchObject({ stride: 1, padding: 2, dilation: 2 });
    expect(node('layer4.0.conv3')).toMatchObject({ residual: 'layer4.0.downsample.0', relu: true });
    expect(node('layer4.1.conv3')).toMatchObject({ input: 'layer4.1.conv2', residual: 'layer4.0.conv3' });
  });
});
