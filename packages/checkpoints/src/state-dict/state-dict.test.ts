import { describe, expect, it } from 'vitest';
import { tinyResNet } from '../../test/tiny-resnet.ts';
import type { HostTensor } from '../host-tensor.ts';
import { describeResNet } from './describe-resnet.ts';
import { findBackbone } from './find-backbone.ts';
import { toFloat32 } from './to-float32.ts';

const vector: HostTensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) };
const prefixed = (prefix: string) =>
  [...tinyResNet()].map(([name, tensor]) => [prefix + name, tensor] as const);

describe('findBackbone', () => {
  it.each(['', 'module.', 'backbone.', 'encoder_q.', 'module.encoder_q.', 'a.b.c.'])(
    'takes off %j',
    (prefix) => {
      const file = new Map<string, HostTensor>([
        [`${prefix}fc.weight`, vector],
        ['queue', vector],
        ...prefixed(prefix),
        [`${prefix}bn1.num_batches_tracked`, vector],
      ]);
      const { tensors, ignored, ...rest } = findBackbone(file);
      expect(rest.prefix).toBe(prefix);
      expect(ignored).toEqual([`${prefix}fc.weight`, 'queue']);
      expect([...tensors.keys()]).toEqual([...tinyResNet().keys()]);
    },
  );

  it.each([
    ['module.encoder_k.', 'module.encoder_q.'],
    ['target.', 'online.'],
    ['teacher.backbone.', 'student.backbone.'],
  ])('leaves %s for %s', (follower, leader) => {
    const both = new Map<string, HostTensor>([...prefixed(follower), ...prefixed(leader)]);
    expect(findBackbone(both).prefix).toBe(leader);
    expect(findBackbone(new Map(prefixed(follower))).prefix).toBe(follower);
  });

  it('takes the larger of two', () => {
    const small = [...tinyResNet({ layers: [1] })].map(
      ([name, tensor]) => [`small.${name}`, tensor] as const,
    );
    expect(findBackbone(new Map<string, HostTensor>([...small, ...prefixed('large.')])).prefix).toBe(
      'large.',
    );
  });

  it('says what is there instead of a ResNet', () => {
    const names = ['blocks.0.attn.qkv.weight', 'cls_token', 'layer1.0.conv1.weight'];
    expect(() => findBackbone(new Map(names.map((name) => [name, vector])))).toThrow(
      "or Detectron2's, got blocks.0.attn.qkv.weight, cls_token, layer1.0.conv1.weight",
    );
    expect(() => findBackbone(new Map())).toThrow('got no tensors');
  });
});

describe('describeResNet', () => {
  it('reads the architecture from names and shapes', () => {
    expect(describeResNet(tinyResNet())).toEqual({
      block: 'basic',
      layers: [2, 2, 2, 2],
      planes: [2, 4, 8, 16],
      stemChannels: 2,
      stemSize: 7,
      channels: 16,
      name: 'resnet18',
    });
    expect(
      describeResNet(
        tinyResNet({ block: 'bottleneck', layers: [3, 4, 6, 3], planes: [1, 2, 3, 4], stemSize: 3 }),
      ),
    ).toMatchObject({
      block: 'bottleneck',
      planes: [1, 2, 3, 4],
      stemSize: 3,
      channels: 16,
      name: 'resnet50',
    });
    expect(describeResNet(tinyResNet({ layers: [1, 1] }))).toMatchObject({ layers: [1, 1], name: undefined });
  });

  it('names what is missing or mis-shaped', () => {
    const without = tinyResNet();
    without.delete('layer1.0.conv1.weight');
    expect(() => describeResNet(without)).toThrow('tensor layer1.0.conv1.weight is missing');
    expect(() => describeResNet(new Map())).toThrow('tensor conv1.weight is missing');
    const flat = tinyResNet().set('layer2.0.conv1.weight', {
      dtype: 'F32',
      shape: [4],
      data: new Float32Array(4),
    });
    expect(() => describeResNet(flat)).toThrow('tensor layer2.0.conv1.weight must be a convolution');
  });
});

describe('toFloat32', () => {
  it('rounds doubles and keeps the rest', () => {
    const tensors = new Map<string, HostTensor>([
      ['double', { dtype: 'F64', shape: [1], data: Float64Array.of(1 / 3) }],
      ['half', { dtype: 'F16', shape: [1], data: Float32Array.of(0.5) }],
    ]);
    expect([...toFloat32(tensors)].map(([name, { dtype, data }]) => [name, dtype, data[0]])).toEqual([
      ['double', 'F32', Math.fround(1 / 3)],
      ['half', 'F32', 0.5],
    ]);
  });

  it.each<[HostTensor, string]>([
    [{ dtype: 'I64', shape: [1], data: BigInt64Array.of(1n) }, 'tensor w must be of floats, got I64'],
    [
      { dtype: 'F32', shape: [2], data: Float32Array.of(1, Number.NaN) },
      'tensor w must be finite, but holds 1 NaN of 2 values (the first at 1)',
    ],
    [
      { dtype: 'F64', shape: [1], data: Float64Array.of(1e300) },
      'tensor w must be finite, but holds 1 infinite of 1 values',
    ],
  ])('refuses %o', (tensor, message) => {
    expect(() => toFloat32(new Map([['w', tensor]]))).toThrow(message);
  });
});
