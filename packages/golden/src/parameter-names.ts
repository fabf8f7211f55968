/** The reference implementation's prefixes and ours. */
const prefixes: readonly (readonly [theirs: string, ours: string])[] = [
  ['encoder_q.0.', 'backbone.'],
  ['encoder_q.1.mlp.', 'globalHead.'],
  ['encoder_q.1.mlp2.', 'denseHead.'],
  ['predictor.mlp.', 'globalPredictor.'],
  ['predictor_dense.mlp.', 'densePredictor.'],
];

/** Our name of a reference parameter, or `undefined` for something else. */
export function ourName(theirs: string): string | undefined {
  for (const [prefix, ours] of prefixes) {
    if (theirs.startsWith(prefix)) return ours + theirs.slice(prefix.length);
  }
  return undefined;
}
