/** What can be measured of a frozen backbone. */
export type ProtocolName =
  | 'linear-segmentation'
  | 'cell-knn'
  | 'linear-classification'
  | 'image-knn'
  | 'match-consistency';

/** The score of one network: plain JSON, the same shape for every protocol. */
export interface EvaluationResult {
  readonly protocol: ProtocolName;
  /** What `value` is: `mIoU`, `accuracy`, `matches in the same segment`. */
  readonly metric: string;
  /** The score, in [0, 1]; more is better. */
  readonly value: number;
  /** What a network that knows nothing scores: the commonest class everywhere, or random matches. */
  readonly chance: number;
  /** Other numbers by name, each said by the protocol; null where there is nothing to measure. */
  readonly details: Readonly<Record<string, number | null>>;
  readonly classNames: readonly string[];
  /** The metric of each class; null for a class that does not appear. Empty without classes. */
  readonly perClass: readonly (number | null)[];
  /** `confusion[label][prediction]`, counts. Empty without classes. */
  readonly confusion: readonly (readonly number[])[];
  /** The options that decide the score, defaults included. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What a reader must know to trust the number, such as a probe that did not converge; mostly empty. */
  readonly warnings: readonly string[];
}
