import { assertNumber, assertShape } from '@pixcon/core';
import { softCrossEntropy, softmax, stopGradient, weightedMean } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

export interface GroupingDistillationOptions {
  /** τ of the student, above 0. Default 0.1. */
  readonly studentTemperature?: number;
  /** τ of the teacher, above 0; sharper than the student's. Default 0.07. */
  readonly teacherTemperature?: number;
  /** The running mean of the teacher's scores, `[prototypes]`, which keeps one prototype from winning everywhere. */
  readonly centre?: tf.Tensor1D | undefined;
  /** The weight of each cell, `[n]`, not negative; a constant. Without it all count the same. */
  readonly weight?: tf.Tensor1D | undefined;
}

/**
 * SlotCon's grouping loss of one direction, DINO's for cells: a student's assignment of each cell to prototypes follows
 * the teacher's, centred and sharper, for the same place of the image:
 *
 *     ℓ = −Σ_p softmax((t − c) / τ_t)_p log softmax(s / τ_s)_p
 *
 * averaged with weights, Σ wℓ / Σ w (0 where all weights are 0). Gradients flow to the student only.
 *
 * @param student scores, `[n, prototypes]`
 * @param teacher scores of the matched cells, `[n, prototypes]`
 * @returns a scalar, which the caller disposes
 * @throws PixconError `invalid-shape`, `invalid-argument`
 * @see Wen et al. 2022, SlotCon, arXiv:2205.15288; the authors' `self_distill`
 *
 * @example
 * const scores = tf.zeros<tf.Rank.R2>([98, 256]);
 * groupingDistillation(scores, scores); // => ln 256
 */
export function groupingDistillation(
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  options: GroupingDistillationOptions = {},
): tf.Scalar {
  const { studentTemperature = 0.1, teacherTemperature = 0.07, centre, weight } = options;
  assertShape('groupingDistillation', 'student', student, [null, null]);
  assertShape('groupingDistillation', 'teacher', teacher, student.shape);
  for (const [argument, value] of Object.entries({ studentTemperature, teacherTemperature })) {
    assertNumber('groupingDistillation', argument, value, { minimum: 0, exclusiveMinimum: true });
  }
  if (centre) assertShape('groupingDistillation', 'centre', centre, [student.shape[1]]);
  if (weight) assertShape('groupingDistillation', 'weight', weight, [student.shape[0]]);
  return tf.tidy(() => {
    const constant = stopGradient(teacher);
    const centred = centre ? tf.sub<tf.Tensor2D>(constant, stopGradient(centre)) : constant;
    const assignment = softmax(centred, { temperature: teacherTemperature });
    const losses = softCrossEntropy(student, assignment, { temperature: studentTemperature });
    return weightedMean(losses, weight);
  });
}
