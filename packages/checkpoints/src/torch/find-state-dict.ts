import { TensorReference } from './tensor-reference.ts';

export interface FoundStateDict {
  /** Keys that lead to it: `[]` for the file's root, `['state_dict']`, `['model']` … */
  readonly path: readonly string[];
  readonly tensors: ReadonlyMap<string, TensorReference>;
}

const maximumDepth = 3;

/**
 * The dict with the most tensors, at most three keys deep; of equals, the first. Checkpoints wrap it in
 * `state_dict` or `model`, beside an epoch, options and an optimizer, whose state has no text as keys.
 */
export function findStateDict(root: unknown): FoundStateDict | undefined {
  let best: FoundStateDict | undefined;
  const seen = new Set<unknown>();
  const visit = (value: unknown, path: readonly string[]): void => {
    // Each dict once: references could otherwise multiply without end.
    if (!(value instanceof Map) || seen.has(value) || path.length > maximumDepth) return;
    seen.add(value);
    const tensors = new Map<string, TensorReference>();
    for (const [key, entry] of value) {
      if (typeof key !== 'string') continue;
      if (entry instanceof TensorReference) tensors.set(key, entry);
      else visit(entry, [...path, key]);
    }
    // Inner dicts come first; of equals the outer or earlier one wins.
    if (tensors.size > 0 && (!best || tensors.size > best.tensors.size)) best = { path, tensors };
  };
  visit(root, []);
  return best;
}
