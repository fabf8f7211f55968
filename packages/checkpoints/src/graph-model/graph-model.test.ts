import type { NetworkGraph } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { tinyResNet } from '../../test/tiny-resnet.ts';
import { exportGraphModel } from './export-graph-model.ts';
import { foldNormalization } from './fold-normalization.ts';

const graph: NetworkGraph = {
  input: 'x',
  nodes: [
    {
      kind: 'convolution',
      name: 'conv1',
      input: 'x',
      convolution: 'conv1',
      normalization: 'bn1',
      stride: 2,
      padding: 3,
      dilation: 1,
      epsilon: 1e-5,
      relu: true,
    },
    { kind: 'max-pool', name: 'pool', input: 'conv1', size: 3, stride: 2, padding: 1 },
  ],
  stages: { stem: 'pool', layer1: 'pool' },
};

interface Model {
  readonly signature: { readonly inputs: object; readonly outputs: object };
  readonly modelTopology: {
    readonly node: readonly { readonly name: string; readonly op: string; readonly input?: string[] }[];
  };
  readonly weightsManifest: readonly [
    {
      readonly paths: readonly string[];
      readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
    },
  ];
}

const parse = (files: ReadonlyMap<string, Uint8Array>) =>
  JSON.parse(new TextDecoder().decode(files.get('model.json'))) as Model;

describe('exportGraphModel', () => {
  it('cuts the weights into files that add up to what the manifest says', () => {
    const files = exportGraphModel(graph, tinyResNet(), { shardBytes: 500 });
    const [{ paths, weights }] = parse(files).weightsManifest;
    expect([...files.keys()]).toEqual([...paths, 'model.json']);
    const sizes = paths.map((path) => files.get(path)?.length);
    // 7·7·3·2 weights and 2 biases of float32, 8 paddings of int32.
    expect(sizes).toEqual([500, 500, 4 * (294 + 2 + 8) - 1000]);
    expect(weights).toEqual([
      { name: 'conv1/filter', dtype: 'float32', shape: [7, 7, 3, 2] },
      { name: 'conv1/bias', dtype: 'float32', shape: [2] },
      { name: 'pool/paddings', dtype: 'int32', shape: [4, 2] },
    ]);
  });

  it('lists each node after what it reads, and normalises pixels first where asked', () => {
    const pixels = { mean: [0.5, 0.4, 0.3], standardDeviation: [0.2, 0.2, 0.2] } as const;
    const { modelTopology, signature } = parse(exportGraphModel(graph, tinyResNet(), { pixels }));
    const known = new Set<string>();
    for (const { name, input = [] } of modelTopology.node) {
      for (const source of input) expect(known).toContain(source);
      expect(known).not.toContain(name);
      known.add(name);
    }
    expect(modelTopology.node.map(({ op }) => op)).toContain('Sub');
    expect(Object.keys(signature.inputs)).toEqual(['images']);
    expect(Object.keys(signature.outputs)).toEqual(['layer1']);
    const plain = parse(exportGraphModel(graph, tinyResNet()));
    expect(plain.modelTopology.node.map(({ op }) => op)).not.toContain('Sub');
  });

  it('names a tensor that is missing', () => {
    const tensors = tinyResNet();
    tensors.delete('bn1.running_var');
    expect(() => exportGraphModel(graph, tensors)).toThrow('tensor bn1.running_var is missing');
  });
});

describe('foldNormalization', () => {
  it('gives the convolution of the normalised result', () => {
    const { weight, bias } = foldNormalization(
      { shape: [1, 1, 2, 2], data: Float32Array.of(1, 2, 3, 4) },
      {
        scale: Float32Array.of(2, -1),
        offset: Float32Array.of(0.5, 0.25),
        mean: Float32Array.of(1, 3),
        variance: Float32Array.of(3, 0),
        epsilon: 1,
      },
    );
    // Channel 0: γ / √(3 + 1) = 1; channel 1: −1 / √1.
    expect([...weight]).toEqual([1, -2, 3, -4]);
    expect([...bias]).toEqual([-0.5, 3.25]);
  });
});
