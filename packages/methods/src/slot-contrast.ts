import {
  type Grid,
  intersect,
  type Module,
  type Parameters,
  scoped,
  type View,
  type ViewGeometry,
} from '@pixcon/core';
import { activeSlots, type Grouping, type MaskedRows } from '@pixcon/heads';
import { filteredSlotContrast, groupingDistillation } from '@pixcon/losses';
import { alignOverlap } from '@pixcon/matching';
import { gatherCells } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

/** How the student's assignment of cells follows the teacher's. */
interface Distillation {
  readonly studentTemperature: number;
  readonly teacherTemperature: number;
  readonly centre: tf.Tensor1D;
}

/**
 * Grouping distillation of one direction by inverse augmentation: the two views' scores in their overlap, resampled
 * to the same places. Images whose views share nothing do not count.
 */
export function alignedGroupingLoss(
  student: tf.Tensor3D,
  teacher: tf.Tensor3D,
  grid: Grid,
  geometry: { readonly query: View['geometry']; readonly key: View['geometry'] },
  distillation: Distillation,
): tf.Scalar {
  const [batch, cells, prototypes] = student.shape;
  const asMap = (scores: tf.Tensor3D) =>
    tf.reshape<tf.Rank.R4>(scores, [batch, grid.height, grid.width, prototypes]);
  const [aligned, alignedTeacher] = [
    alignOverlap(asMap(student), geometry.query, geometry.key),
    alignOverlap(asMap(teacher), geometry.key, geometry.query),
  ];
  const overlaps = geometry.query.map(({ box }, image) =>
    Number(intersect(box, (geometry.key[image] as ViewGeometry).box) !== undefined),
  );
  const weight = Float32Array.from({ length: batch * cells }, (_, i) => overlaps[Math.floor(i / cells)] ?? 0);
  const rows = (map: tf.Tensor) => tf.reshape<tf.Rank.R2>(map, [batch * cells, prototypes]);
  return groupingDistillation(rows(aligned), rows(alignedTeacher), {
    ...distillation,
    weight: tf.tensor1d(weight),
  });
}

/** Grouping distillation of one direction by a matching: each cell follows its match. */
export function matchedGroupingLoss(
  student: tf.Tensor3D,
  teacher: tf.Tensor3D,
  match: { readonly index: tf.Tensor2D; readonly weight: tf.Tensor2D },
  distillation: Distillation,
): tf.Scalar {
  const [batch, cells, prototypes] = student.shape;
  const rows = (scores: tf.Tensor) => tf.reshape<tf.Rank.R2>(scores, [batch * cells, prototypes]);
  return groupingDistillation(rows(student), rows(gatherCells(teacher, match.index)), {
    ...distillation,
    weight: tf.reshape<tf.Rank.R1>(match.weight, [batch * cells]),
  });
}

/**
 * The slot loss of one direction: slots of prototypes that are active in both views of an image, against all active
 * slots of the key views. Active slots are listed by cell, so that shapes do not depend on how many there are.
 *
 * @returns `active`: the active prototypes of an image of the query view, on average
 */
export function slotLoss(
  predictor: Module<MaskedRows, tf.Tensor2D>,
  online: Parameters,
  query: Grouping,
  key: Grouping,
  temperature: number,
): { readonly loss: tf.Scalar; readonly active: tf.Scalar } {
  const [batch, cells] = query.scores.shape;
  const dim = query.slots.shape[2];
  const rows = (slots: tf.Tensor3D, index: tf.Tensor2D) =>
    tf.reshape<tf.Rank.R2>(gatherCells(slots, index), [batch * cells, dim]);
  const flat = (mask: tf.Tensor) => tf.reshape<tf.Rank.R1>(mask, [batch * cells]);
  const [ofQuery, ofKey] = [activeSlots(query.scores), activeSlots(key.scores)];
  const queryMask = flat(tf.mul(ofQuery.first, isListed(ofQuery.index, ofKey.index)));
  const predicted = predictor.apply(
    scoped(online, 'slotPredictor'),
    { rows: rows(query.slots, ofQuery.index), mask: queryMask },
    { training: true },
  );
  const loss = filteredSlotContrast(predicted, rows(key.slots, ofQuery.index), rows(key.slots, ofKey.index), {
    temperature,
    queryMask,
    keyMask: flat(ofKey.first),
  });
  return { loss, active: tf.mul(tf.mean(ofQuery.first), cells) };
}

/** 1 where the image's list holds the index, `[batch, indices]`. */
function isListed(index: tf.Tensor2D, list: tf.Tensor2D): tf.Tensor2D {
  const [batch, count] = index.shape;
  const equal = tf.equal(tf.reshape(index, [batch, count, 1]), tf.reshape(list, [batch, 1, list.shape[1]]));
  return tf.max(tf.cast(equal, 'float32'), 2);
}
