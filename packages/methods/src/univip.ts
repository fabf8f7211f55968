import {
  assertNumber,
  type Backbone,
  featureMap,
  type Losses,
  type Method,
  ParameterSet,
  PixconError,
  prefixSpecs,
  scoped,
  type View,
  type ViewPair,
} from '@pixcon/core';
import { instanceFusion, predictor, projectionHead } from '@pixcon/heads';
import { cosineRegression, featureDeviation, optimalTransport } from '@pixcon/losses';
import { cosineSimilarity, stopGradient } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { imageKeys, imageQuery, imageSpecs } from './image-contrast.ts';
import { type MomentumState, momentumState, moveTarget } from './momentum-state.ts';
import { weightedSum } from './weighted-sum.ts';

export interface UniVIPOptions {
  readonly backbone: Backbone;
  /** Instances of each image, K. Default 4. */
  readonly instanceCount?: number;
  /** Side of an instance in pixels. Default 96. */
  readonly instanceSize?: number;
  /** Hidden width of head and predictor. Default 4096, BYOL's. */
  readonly hidden?: number;
  /** Width of the projection. Default 256, BYOL's. */
  readonly dim?: number;
  /** First momentum of the target encoder. Default 0.99, BYOL's. */
  readonly targetMomentum?: number;
  /** ε of the transport plan between instances. Default 0.1. */
  readonly epsilon?: number;
  /** Rounds of Sinkhorn–Knopp's iteration. Default 50. */
  readonly iterations?: number;
}

type UniVIPState = MomentumState<Readonly<Record<string, never>>>;

/**
 * UniVIP: BYOL on two views (scenes) that share K likely objects (instances), which are cut out and compared as well:
 *
 *     L = L_scene + L_sceneInstance + L_instance
 *
 * - scene–scene, BYOL's: Σ over both views of 2 − 2 cos(prediction, target projection of the other view)
 * - scene–instance: the predictions of the K instances, end to end, become one row by an FC layer, which is regressed
 *   on the target projections of both views in the same way
 * - instance–instance: predictions are moved to the target projections of the image's instances by entropic optimal
 *   transport at the cost 1 − cos (`optimalTransport`). An instance weighs max(0, cos) with the image's scene.
 *
 * Views and instances pass the encoders apart, each with batch statistics of their own. After the optimizer's step
 * the target moves, by a momentum that rises to 1 along a cosine.
 *
 * There is no code of the authors; what is not BYOL’s is as a public reproduction reads the paper. Our choices, where
 * they differ from that or nothing is said:
 * - the scene of an image, for the weights of its instances on both sides, is the mean of the two views' *target*
 *   projections (there, one side is weighed by the online network's scene), so that no part of the loss
 *   needs the online activations of another; weights use normalised features, add up to 1, and have no gradient
 * - L_instance is 1 − Σ P cos, from 2 to 0: there, without the constant 1
 * - one crop of an instance, recoloured as the first view, goes through both encoders
 * - proposals are selective search at 160 pixels with sides of at least a tenth of the image (`regionProposals`), not
 *   of 96 or, where these are too few, 64 pixels; which K are taken of more is drawn anew each time (`sampleInstanceCrops`)
 *
 * @throws PixconError `invalid-argument` for an option out of range, or for a batch without its instances
 * @see Li et al. 2022, UniVIP, arXiv:2203.06965
 * @example
 * const method = univip({ backbone: resnet18() });
 */
export function univip(options: UniVIPOptions): Method {
  const { backbone, hidden = 4096, dim = 256, targetMomentum = 0.99 } = options;
  const { instanceCount: count = 4, instanceSize: size = 96, epsilon = 0.1, iterations = 50 } = options;
  assertNumber('univip', 'targetMomentum', targetMomentum, { minimum: 0, maximum: 1 });
  assertNumber('univip', 'instanceCount', count, { minimum: 1, integer: true });
  assertNumber('univip', 'instanceSize', size, { minimum: 1, integer: true });
  assertNumber('univip', 'epsilon', epsilon, { minimum: 0.03 });
  assertNumber('univip', 'iterations', iterations, { minimum: 1, integer: true });

  const inputChannels = backbone.channels;
  const branch = {
    head: projectionHead({ inputChannels, hidden, output: dim, outputBias: false }),
    predictor: predictor({ dim, hidden, outputBias: false }),
  };
  const fusion = instanceFusion({ count, dim });
  const specs = [
    ...prefixSpecs('backbone', backbone.parameters),
    ...imageSpecs(branch),
    ...prefixSpecs('scenePredictor', fusion.parameters),
  ];
  const training = { training: true };
  const predict = (online: ParameterSet, { images }: View): tf.Tensor2D => {
    const features = featureMap(backbone, scoped(online, 'backbone'), images, training);
    return imageQuery(branch, online, features, training);
  };
  const byImage = (rows: tf.Tensor2D): tf.Tensor3D => tf.reshape(rows, [-1, count, dim]);

  return {
    name: 'univip',
    settings: {
      backbone: backbone.name,
      instanceCount: count,
      instanceSize: size,
      hidden,
      dim,
      targetMomentum,
      epsilon,
      iterations,
    },
    backbone,
    backbonePrefix: 'backbone',
    targetMomentum,
    instances: { count, size },

    initialize({ random }): UniVIPState {
      return momentumState(ParameterSet.create(specs, random.fork('parameters')), {});
    },

    encodeTargets(state, batch) {
      const { target } = state as UniVIPState;
      const project = ({ images }: View) =>
        imageKeys(
          branch,
          target,
          featureMap(backbone, scoped(target, 'backbone'), images, training),
          training,
        );
      const [scene0, scene1] = [project(batch.views[0]), project(batch.views[1])];
      return { scene0, scene1, instances: project(instancesOf(batch, count)) };
    },

    losses({ online }, batch, targets) {
      const [scene0, scene1] = [targets.scene0 as tf.Tensor2D, targets.scene1 as tf.Tensor2D];
      const scenePart = (side: 0 | 1): Losses => {
        const keys = side === 0 ? scene1 : scene0;
        const total = cosineRegression(predict(online, batch.views[side]), keys);
        return { total, terms: { scene: total }, diagnostics: { featureDeviation: featureDeviation(keys) } };
      };
      const instancePart = (): Losses => {
        const rows = predict(online, instancesOf(batch, count));
        const fused = fusion.apply(scoped(online, 'scenePredictor'), rows, training);
        const sceneInstance = weightedSum([cosineRegression(fused, scene0), cosineRegression(fused, scene1)]);
        const [query, key] = [byImage(rows), byImage(targets.instances as tf.Tensor2D)];
        const scene = tf.add(scene0, scene1) as tf.Tensor2D;
        const instance = optimalTransport(query, key, {
          queryWeight: likeness(stopGradient(query), scene),
          keyWeight: likeness(key, scene),
          epsilon,
          iterations,
        });
        return {
          total: weightedSum([sceneInstance, instance]),
          terms: { sceneInstance, instance },
          diagnostics: {},
        };
      };
      return [() => scenePart(0), () => scenePart(1), instancePart];
    },

    update(state, _targets, { targetMomentum }) {
      moveTarget(state as UniVIPState, targetMomentum);
    },
  };
}

/** max(0, cos) of each instance with the scene of its image, `[batch, count]`. */
function likeness(instances: tf.Tensor3D, scene: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const cosines = cosineSimilarity(instances, tf.expandDims(scene, 1));
    return tf.relu(tf.squeeze(cosines, [2])) as tf.Tensor2D;
  });
}

function instancesOf({ instances, names }: ViewPair, count: number): View {
  if (instances && instances.images.shape[0] === names.length * count) return instances;
  const got = instances ? `${instances.images.shape[0]}` : 'none';
  throw new PixconError(
    'invalid-argument',
    `univip: a batch of ${names.length} images must bring ${names.length * count} instances, got ${got}; load it with the method's instances`,
  );
}
