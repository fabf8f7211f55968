import * as tf from '@tensorflow/tfjs-core';
import * as px from 'pixcon';
import { mutual } from './mutual.ts';

export interface CentredContrastOptions {
  readonly backbone: px.Backbone;
  /** Default: PixCon-SR's, where it is mutual. */
  readonly matching?: px.MatchingStrategy;
  /** Hidden width of the head, default 2048, and width of its projections, default 128. */
  readonly hidden?: number;
  readonly dim?: number;
}

/**
 * PixCon-SR's dense loss with other matches and other keys: a cell is pulled to its match only where the two have chosen each
 * other, and what all keys share, their running mean, is taken from them, as DINO takes its centre from the teacher.
 */
export function centredContrast(options: CentredContrastOptions): px.Method {
  const { backbone, hidden = 2048, dim = 128 } = options;
  const { matching = mutual(px.semanticReweighting(px.similarityMatching())) } = options;

  const head = px.denseHead({ inputChannels: backbone.channels, hidden, output: dim });
  const specs: px.ParameterSpec[] = [
    ...px.prefixSpecs('backbone', backbone.parameters),
    ...px.prefixSpecs('head', head.parameters),
    { name: 'centre', shape: [1, dim], layout: 'vector', role: 'buffer', initialize: () => 0 },
  ];

  function encode(parameters: px.Parameters, images: tf.Tensor4D) {
    const map = px.featureMap(backbone, px.scoped(parameters, 'backbone'), images, { training: true });
    const cells = head.apply(px.scoped(parameters, 'head'), map, { training: true }); // [batch, cells, dim]
    return { map, cells, pooled: px.globalAveragePool(cells) };
  }

  const toCells = (map: tf.Tensor) => tf.reshape<tf.Rank.R3>(map, [map.shape[0] ?? 1, -1, backbone.channels]);
  const toRows = (cells: tf.Tensor) => tf.reshape<tf.Rank.R2>(cells, [-1, dim]);

  return {
    name: 'centred-contrast',
    settings: { backbone: backbone.name, hidden, dim, matching: matching.settings },
    backbone,
    backbonePrefix: 'backbone',
    targetMomentum: 0.99,
    matching,
    chanceLoss: ({ queues }) => 2 * px.chanceLevel((queues.keys as px.KeyQueue).length),

    initialize({ random, batchSize, datasetSize = batchSize }) {
      const online = px.ParameterSet.create(specs, random.fork('parameters'));
      const target = online.clone((name) => name !== 'centre');
      const length = px.recommendedQueueLength(datasetSize, batchSize);
      const keys = px.keyQueue({ length, dim, random: random.fork('keys') });
      const dispose = () => [online, target, keys].map((each) => each.dispose());
      return { online, target, queues: { keys }, dispose };
    },

    encodeTargets({ online, target }, { views }) {
      const centred = (x: tf.Tensor) => px.l2Normalize(tf.sub<tf.Tensor3D>(x, online.get('centre')));
      const keysOf = ({ images }: px.View, side: number) => {
        const { map, cells, pooled } = encode(target as px.ParameterSet, images);
        const keys = { map, pooled, cells: centred(cells), queued: centred(pooled) };
        return Object.entries(keys).map(([name, tensor]) => [`${name}${side}`, tensor]);
      };
      return Object.fromEntries(views.flatMap(keysOf));
    },

    losses({ online, queues }, { views }, targets, { inspect }) {
      const part = (side: 0 | 1, other: 0 | 1) => (): px.Losses => {
        const query = encode(online, views[side].images);
        const key = (name: string) => targets[`${name}${other}`] as tf.Tensor3D;
        const input = {
          query: px.stopGradient(toCells(query.map)),
          key: toCells(key('map')),
          grid: { height: query.map.shape[1], width: query.map.shape[2] },
          queryGeometry: views[side].geometry,
          keyGeometry: views[other].geometry,
        };
        const match = px.matchCells(matching, input, inspect);
        const matched = px.gatherCells(key('cells'), match.index);
        const weight = tf.reshape<tf.Rank.R1>(match.weight, [-1]);
        const dense = px.infoNce(toRows(query.cells), toRows(matched), queues.keys as px.KeyQueue, {
          weight,
        });
        const featureDeviation = px.featureDeviation(toRows(key('queued')));
        const diagnostics = { matchWeight: tf.mean<tf.Scalar>(weight), featureDeviation };
        return { total: dense, terms: { dense }, diagnostics };
      };
      return [part(0, 1), part(1, 0)];
    },

    update({ online, target, queues }, targets, { targetMomentum, random }) {
      for (const { name } of target?.trainable() ?? []) {
        px.exponentialMovingAverage((target as px.ParameterSet).get(name), online.get(name), targetMomentum);
      }
      const pooled = tf.concat([targets.pooled0 as tf.Tensor, targets.pooled1 as tf.Tensor]);
      px.exponentialMovingAverage(online.get('centre'), tf.mean(pooled, 0, true), 0.9);
      queues.keys?.enqueue(toRows(targets[random.uniform() < 0.5 ? 'queued0' : 'queued1'] as tf.Tensor));
    },
  };
}
