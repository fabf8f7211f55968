/** Sets of 0 … length − 1 that are joined two by two (union by size, paths halved). */
export class DisjointSets {
  readonly #parents: Int32Array;
  readonly #sizes: Int32Array;

  constructor(length: number) {
    this.#parents = Int32Array.from({ length }, (_, i) => i);
    this.#sizes = new Int32Array(length).fill(1);
  }

  /** The number that stands for the set of `member`. */
  find(member: number): number {
    const parents = this.#parents;
    let at = member;
    for (;;) {
      const parent = parents[at] as number;
      if (parent === at) return at;
      const above = parents[parent] as number;
      parents[at] = above;
      at = above;
    }
  }

  /** Members of the set that `root` stands for. */
  size(root: number): number {
    return this.#sizes[root] as number;
  }

  /** Joins the sets of two roots that differ; returns the root of both. */
  join(a: number, b: number): number {
    const [root, other] = this.size(a) >= this.size(b) ? [a, b] : [b, a];
    this.#parents[other] = root;
    this.#sizes[root] = this.size(root) + this.size(other);
    return root;
  }
}
