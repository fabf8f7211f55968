import { slotcon } from '@pixcon/methods';
import { goldenBackbone } from '../golden-backbone.ts';
import { tensorOf } from '../golden-file.ts';
import type { GoldenFamily } from './golden-method.ts';
import { risingMomentum } from './rising-momentum.ts';

/** SlotCon: `models/slotcon.py` of its authors. */
export const slotconFamily: GoldenFamily = ({ record, tensors }) => {
  if (record.name !== 'slotcon') return undefined;
  const [prototypes, dim] = tensorOf(tensors, 'init/grouping_q.slot_embed.weight').shape as [number, number];
  const method = slotcon({
    backbone: goldenBackbone(tensors, 'init/encoder_q.'),
    prototypes,
    dim,
    hidden: tensorOf(tensors, 'init/projector_q.mlp.0.weight').shape[0] as number,
    studentTemperature: record.studentTemperature ?? 0.1,
    teacherTemperature: record.teacherTemperature ?? 0.07,
    centreMomentum: record.centerMomentum ?? 0.9,
    groupWeight: record.groupWeight ?? 0.5,
    targetMomentum: 0.9,
  });
  return {
    method,
    terms: { loss: 'loss' },
    queues: {},
    prefixes: [
      ['encoder_q.', 'backbone.'],
      ['projector_q.mlp.', 'groupingHead.'],
      ['grouping_q.slot_embed.', 'prototypes.'],
      ['predictor_slot.mlp.', 'slotPredictor.'],
      ['center', 'centre'],
    ],
    targetPrefix: ['encoder_k.', 'encoder_q.'],
    targetMomentum: risingMomentum,
  };
};
