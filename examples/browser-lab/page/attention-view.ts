import type { Grid } from '@pixcon/core';
import { drawAttention, type EncodedPair, type PairInspection } from '@pixcon/visualize';
import { cellAt, cellByKey, nearestCell } from '../drawing/cell-grid.ts';
import { showSvg, widthOf } from '../drawing/show-svg.ts';
import type { TaskQueue } from '../drawing/task-queue.ts';
import { element } from './elements.ts';

/** The self-attention of the cell that is clicked on, or led to by arrow keys. */
export class AttentionView {
  readonly #tasks: TaskQueue;
  readonly #picker = element('picker');
  readonly #place = element('attention');
  #shown: { readonly pair: EncodedPair; readonly inspection: PairInspection } | undefined;
  #cell: number | undefined;

  constructor(tasks: TaskQueue) {
    this.#tasks = tasks;
    this.#place.addEventListener('click', (event) => this.#pickAt(event));
    this.#picker.addEventListener('keydown', (event) => this.#pickByKey(event));
  }

  show(pair: EncodedPair, inspection: PairInspection): void {
    this.#shown = { pair, inspection };
    this.#cell ??= inspection.attention.maps[0]?.cell;
    this.#draw();
  }

  /** Of another photo, other cells are telling. */
  forget(): void {
    this.#cell = undefined;
  }

  #pickAt({ clientX, clientY }: MouseEvent): void {
    const svg = this.#place.querySelector('svg');
    if (!svg || !this.#shown) return;
    const { pair, inspection } = this.#shown;
    const { left, top, width } = svg.getBoundingClientRect();
    // Below the photo lies the legend.
    const height = (width * pair.photo.height) / pair.photo.width;
    if (clientY - top > height) return;
    this.#pick(cellAt(inspection.attention.grid, (clientX - left) / width, (clientY - top) / height));
  }

  #pickByKey(event: KeyboardEvent): void {
    if (!this.#shown || this.#cell === undefined) return;
    const cell = cellByKey(this.#shown.inspection.attention.grid, this.#cell, event.key);
    if (cell === undefined) return;
    event.preventDefault();
    this.#pick(cell);
  }

  #pick(wanted: number): void {
    if (!this.#shown) return;
    const { grid, maps } = this.#shown.inspection.attention;
    const cell = nearestCell(
      grid,
      wanted,
      maps.map((map) => map.cell),
    );
    if (cell === undefined) return;
    this.#cell = cell;
    this.#draw();
  }

  #name({ width, height }: Grid, cell: number): void {
    const name = `Row ${Math.floor(cell / width) + 1}, column ${(cell % width) + 1}`;
    element('picked').textContent = `${name}.`;
    this.#picker.ariaValueText = name;
    this.#picker.ariaValueMax = String(width * height - 1);
    this.#picker.ariaValueNow = String(cell);
  }

  #draw(): void {
    if (!this.#shown) return;
    const { pair, inspection } = this.#shown;
    const { grid, maps } = inspection.attention;
    const map = maps.findIndex(({ cell }) => cell === this.#cell);
    this.#name(grid, maps[map]?.cell ?? 0);
    this.#tasks.add('attention', () =>
      showSvg(
        this.#place,
        drawAttention(pair, inspection, { map: Math.max(0, map), width: widthOf(this.#place, 240, 480) }),
      ),
    );
  }
}
