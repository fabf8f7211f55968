import type { HostTensor } from '@pixcon/checkpoints';
import { byol, simSiam } from '@pixcon/methods';
import { goldenBackbone } from '../golden-backbone.ts';
import { tensorOf } from '../golden-file.ts';
import type { GoldenFamily } from './golden-method.ts';

/** BYOL and SimSiam of mmselfsup, whose necks number linear layers and normalizations apart. */
export const regressionFamily: GoldenFamily = ({ record, tensors }) => {
  const predictorPrefixes = [
    ['head.predictor.fc0.', 'globalPredictor.0.'],
    ['head.predictor.bn0.', 'globalPredictor.1.'],
    ['head.predictor.fc1.', 'globalPredictor.3.'],
  ] as const;
  if (record.name === 'byol') {
    return {
      method: byol({
        backbone: goldenBackbone(tensors, 'init/online_net.0.'),
        hidden: outputsOf(tensors, 'init/online_net.1.fc0.weight'),
        dim: outputsOf(tensors, 'init/online_net.1.fc1.weight'),
        targetMomentum: 0.9,
      }),
      terms: { loss: 'image' },
      queues: {},
      prefixes: [
        ['online_net.0.', 'backbone.'],
        ['online_net.1.fc0.', 'globalHead.0.'],
        ['online_net.1.bn0.', 'globalHead.1.'],
        ['online_net.1.fc1.', 'globalHead.3.'],
        ...predictorPrefixes,
      ],
      targetPrefix: ['target_net.', 'online_net.'],
      // Theirs is −2 cos for each direction, ours 2 − 2 cos.
      offset: -4,
    };
  }
  if (record.name === 'simsiam') {
    return {
      method: simSiam({
        backbone: goldenBackbone(tensors, 'init/encoder.0.'),
        hidden: outputsOf(tensors, 'init/encoder.1.fc0.weight'),
        dim: outputsOf(tensors, 'init/encoder.1.fc2.weight'),
        predictorHidden: outputsOf(tensors, 'init/head.predictor.fc0.weight'),
      }),
      terms: { loss: 'image' },
      queues: {},
      prefixes: [
        ['encoder.0.', 'backbone.'],
        ...[0, 1, 2].flatMap((layer) => [
          [`encoder.1.fc${layer}.`, `globalHead.${3 * layer}.`] as const,
          [`encoder.1.bn${layer}.`, `globalHead.${3 * layer + 1}.`] as const,
        ]),
        ...predictorPrefixes,
      ],
    };
  }
  return undefined;
};

function outputsOf(tensors: ReadonlyMap<string, HostTensor>, name: string): number {
  return tensorOf(tensors, name).shape[0] as number;
}
