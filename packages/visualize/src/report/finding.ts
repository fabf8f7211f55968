/** A sentence about how a run is doing. */
export interface Finding {
  readonly kind: 'good' | 'note' | 'bad';
  readonly text: string;
}
