import { pixpro } from '@pixcon/methods';
import { goldenBackbone } from '../golden-backbone.ts';
import { tensorOf } from '../golden-file.ts';
import type { GoldenFamily } from './golden-method.ts';
import { risingMomentum } from './rising-momentum.ts';

/** PixPro: `contrast/models/PixPro.py` of its authors, without the image-level loss. */
export const pixproFamily: GoldenFamily = ({ record, tensors }) => {
  if (record.name !== 'pixpro') return undefined;
  const shape = tensorOf(tensors, 'init/projector.linear2.weight').shape as [number, number];
  const method = pixpro({
    backbone: goldenBackbone(tensors, 'init/encoder.'),
    radius: record.positiveRadius ?? 0.7,
    exponent: record.ppmExponent ?? 2,
    hidden: shape[1],
    dim: shape[0],
    targetMomentum: 0.9,
  });
  return {
    method,
    terms: { loss: 'loss' },
    queues: {},
    prefixes: [
      ['encoder.', 'backbone.'],
      ['projector.linear1.', 'pixelHead.0.'],
      ['projector.bn1.', 'pixelHead.1.'],
      ['projector.linear2.', 'pixelHead.3.'],
      ['value_transform.', 'pixelPredictor.transform.'],
    ],
    targetPrefix: ['encoder_k.', 'encoder.'],
    targetMomentum: risingMomentum,
  };
};
