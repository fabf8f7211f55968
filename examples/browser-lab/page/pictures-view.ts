import {
  drawMatches,
  drawMatchesOverTime,
  drawOverlap,
  drawWeights,
  type EncodedPair,
  type MatchSelection,
  type Snapshot,
} from '@pixcon/visualize';
import { sharePictures } from '../drawing/shared-pictures.ts';
import { showSvg, widthOf } from '../drawing/show-svg.ts';
import type { TaskQueue } from '../drawing/task-queue.ts';
import { AttentionView } from './attention-view.ts';
import { create, element } from './elements.ts';

/** A phone shows the views below each other. */
const narrow = 480;

/** What the network makes of the chosen photo, at the chosen moment of the run. */
export class PicturesView {
  readonly #tasks: TaskQueue;
  readonly #attention: AttentionView;
  readonly #moment = element<HTMLInputElement>('moment');
  #pairs: readonly EncodedPair[] = [];
  #snapshots: Snapshot[] = [];
  #chosen = 0;

  constructor(tasks: TaskQueue) {
    this.#tasks = tasks;
    this.#attention = new AttentionView(tasks);
    this.#moment.addEventListener('input', () => this.#draw());
    element('select').addEventListener('change', () => this.#drawMatches());
    element('lines').addEventListener('input', () => this.#drawMatches());
    addEventListener('resize', () => this.#draw());
  }

  begin(pairs: readonly EncodedPair[]): void {
    this.#showThumbs(pairs);
    this.#pairs = sharePictures(pairs, element('pictures').querySelector('defs') as SVGDefsElement);
    this.#snapshots = [];
    this.#chosen = 0;
    this.#attention.forget();
    element('sight').hidden = pairs.length === 0;
  }

  add(snapshot: Snapshot): void {
    // Whoever looks at an earlier moment goes on looking at it.
    const followsLatest = this.#position >= this.#snapshots.length - 1;
    this.#snapshots = [...this.#snapshots.filter(({ step }) => step !== snapshot.step), snapshot];
    this.#moment.max = String(this.#snapshots.length - 1);
    if (followsLatest) this.#moment.value = this.#moment.max;
    this.#draw();
  }

  get #position(): number {
    return Number(this.#moment.value);
  }

  #showThumbs(pairs: readonly EncodedPair[]): void {
    const thumbs = pairs.map(({ name, photo }, place) => {
      const [label, radio, image] = [create('label', { className: 'thumb' }), create('input'), create('img')];
      radio.type = 'radio';
      radio.name = 'photo';
      radio.checked = place === 0;
      radio.ariaLabel = name;
      radio.addEventListener('change', () => {
        this.#chosen = place;
        this.#attention.forget();
        this.#draw();
      });
      image.src = photo.href;
      image.alt = '';
      label.title = name;
      label.append(image, radio);
      return label;
    });
    element('thumbs').replaceChildren(...thumbs);
  }

  #draw(): void {
    const [pair, snapshot] = [this.#pairs[this.#chosen], this.#snapshots[this.#position]];
    const inspection = snapshot?.inspections[this.#chosen];
    if (!pair || !snapshot || !inspection) return;
    element('moment-step').textContent = snapshot.step.toLocaleString('en');
    this.#moment.ariaValueText = `step ${snapshot.step}`;
    this.#drawMatches();
    const [overlap, weights] = [element('overlap'), element('weights')];
    this.#tasks.add('overlap', () =>
      showSvg(overlap, drawOverlap(pair, { width: widthOf(overlap, 200, 480) })),
    );
    this.#tasks.add('weights', () =>
      showSvg(weights, drawWeights(pair, inspection, { width: widthOf(weights, 200, 480) })),
    );
    this.#attention.show(pair, inspection);
    this.#drawEvolution(pair);
  }

  #drawMatches(): void {
    const [pair, snapshot] = [this.#pairs[this.#chosen], this.#snapshots[this.#position]];
    const inspection = snapshot?.inspections[this.#chosen];
    if (!pair || !inspection) return;
    const place = element('matches');
    const select = element<HTMLSelectElement>('select').value as MatchSelection;
    const lines = Number(element<HTMLInputElement>('lines').value);
    const width = widthOf(place, 240, 860);
    const layout = width < narrow ? 'column' : 'row';
    this.#tasks.add('matches', () =>
      showSvg(place, drawMatches(pair, inspection, { select, lines, layout, width })),
    );
  }

  #drawEvolution(pair: EncodedPair): void {
    const place = element('evolution');
    // A phone has room for two.
    const snapshots = narrowed(this.#snapshots, place.clientWidth < narrow);
    const [which, width] = [this.#chosen, widthOf(place, 300, 1040)];
    const lines = width < narrow ? 8 : 12;
    this.#tasks.add('evolution', () =>
      showSvg(place, drawMatchesOverTime(pair, snapshots, which, { select: 'unsure', lines, width })),
    );
  }
}

/** Where there is little room, the first and the last alone. */
function narrowed(snapshots: readonly Snapshot[], isNarrow: boolean): Snapshot[] {
  return snapshots.filter((_, place) => !isNarrow || place === 0 || place === snapshots.length - 1);
}
