import type { Tensor } from '@tensorflow/tfjs-core';
import { PixconError } from './errors.ts';
import type { Match, MatchInput, MatchingStrategy } from './matching.ts';
import { assertShape } from './validate.ts';

/**
 * Matches by a strategy, and checks what it hands over: an index and a weight for every query cell, of the right type.
 * Only shapes and types are looked at, which costs nothing; `assertMatchValues` looks at the numbers.
 *
 * @param inspect hears of the match: the `inspect` of a method's `StepContext`, where it is called in a training step
 * @returns what the strategy returned; the caller disposes it
 * @throws PixconError `invalid-shape` for a shape, `invalid-argument` for what is no tensor or of another type
 *
 * @example
 * const { index, weight } = matchCells(matching, input, inspect);
 */
export function matchCells(
  matching: MatchingStrategy,
  input: MatchInput,
  inspect?: (match: Match, input: MatchInput) => void,
): Match {
  const match = matching(input);
  const [batch, cells] = input.query.shape;
  assertTensor('index', match?.index, 'int32');
  assertTensor('weight', match.weight, 'float32');
  assertShape('matching', 'index', match.index, [batch, cells]);
  assertShape('matching', 'weight', match.weight, [batch, cells]);
  if (match.similarity !== undefined) {
    assertTensor('similarity', match.similarity, 'float32');
    assertShape('matching', 'similarity', match.similarity, [batch, cells]);
  }
  inspect?.(match, input);
  return match;
}

/**
 * Throws unless every index is a cell and every weight is finite and not negative. It reads the tensors back, so it is
 * for tests of your own matching, and for a run's first steps, where the trainer calls it.
 *
 * @throws PixconError `invalid-argument` that names the first cell at fault
 *
 * @example
 * await assertMatchValues(matchCells(sameCell, input));
 */
export async function assertMatchValues({ index, weight }: Pick<Match, 'index' | 'weight'>): Promise<void> {
  const [indices, weights] = await Promise.all([index.data(), weight.data()]);
  const cells = index.shape[1];
  const place = (at: number) => `cell ${at % cells} of image ${Math.floor(at / cells)}`;
  const astray = indices.findIndex((key) => !(key >= 0 && key < cells));
  if (astray >= 0) {
    throw new PixconError(
      'invalid-argument',
      `matching: index must be a key cell, from 0 to ${cells - 1}, got ${indices[astray]} for ${place(astray)}`,
    );
  }
  const bad = weights.findIndex((value) => !(value >= 0 && Number.isFinite(value)));
  if (bad >= 0) {
    throw new PixconError(
      'invalid-argument',
      `matching: weight must be finite and not negative, got ${weights[bad]} for ${place(bad)}`,
    );
  }
}

function assertTensor(name: string, value: Tensor | undefined, type: 'int32' | 'float32'): void {
  if (value?.dtype === type && Array.isArray(value.shape)) return;
  const got = value?.dtype ?? (Array.isArray(value) ? 'an array' : typeof value);
  throw new PixconError('invalid-argument', `matching: ${name} must be a tensor of ${type}, got ${got}`);
}
