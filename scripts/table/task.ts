/** A score of a run. */
export interface Measure {
  readonly title: string;
  /** What `pixcon evaluate` is given after the run. */
  readonly evaluate: readonly string[];
}

/** What a table measures: photos to train on, masks to score with, and settings in which training shows. */
export interface Task {
  readonly name: string;
  /** Photos to train on, without labels. */
  readonly photos: string;
  /** What is scored of every run; the first is drawn. */
  readonly measures: readonly Measure[];
  /** Settings of every run, for `pixcon pretrain --config`; the method, seed and epochs come from the table. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** How the settings were chosen. */
  readonly choice: string;
  /** Minutes of training per run. */
  readonly budgetMinutes: number;
}
