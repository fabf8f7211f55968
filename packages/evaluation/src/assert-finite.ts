import { describeNonFinite, type Parameters, PixconError } from '@pixcon/core';

/**
 * Throws where one of the named parameters holds NaN or infinities. Looked for in the parameters
 * themselves, because features may hide them: kernels of several backends take NaN for 0, or for the smallest number.
 *
 * @throws PixconError `numerical` that names the first such parameter and counts the others
 */
export async function assertFiniteParameters(
  where: string,
  parameters: Parameters,
  names: readonly string[],
): Promise<void> {
  const found: string[] = [];
  for (const name of names) {
    const problem = describeNonFinite(await parameters.get(name).data());
    if (problem) found.push(`${name} holds ${problem}`);
  }
  const [first] = found;
  if (first === undefined) return;
  const others = found.length - 1;
  const more =
    others > 0 ? `, and ${others} more ${others === 1 ? 'parameter does' : 'parameters do'} likewise` : '';
  throw new PixconError(
    'numerical',
    `${where}: the network's parameters must be finite, but ${first}${more}; take weights from before they diverged, such as an earlier checkpoint`,
  );
}

/**
 * Throws where features are not finite.
 *
 * @param of what they are features of: an image's name, say
 * @throws PixconError `numerical`
 */
export function assertFiniteFeatures(where: string, features: Float32Array, of: string): void {
  const problem = describeNonFinite(features);
  if (problem === undefined) return;
  throw new PixconError(
    'numerical',
    `${where}: the features of ${of} must be finite, but hold ${problem}; check the weights, and the mean and standard deviation that pixels are normalised by`,
  );
}
