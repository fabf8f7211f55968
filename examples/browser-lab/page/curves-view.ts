import { drawLoss, drawScalar, type ReportMetrics } from '@pixcon/visualize';
import { showSvg, widthOf } from '../drawing/show-svg.ts';
import type { TaskQueue } from '../drawing/task-queue.ts';
import { element } from './elements.ts';

/** Milliseconds between two drawings of the curves. */
const pause = 900;
/** Points that a curve is drawn from: more only cost time. */
const mostPoints = 240;

/** Loss against chance level, and images per second, as they grow. */
export class CurvesView {
  readonly #tasks: TaskQueue;
  readonly #loss = element('loss-chart');
  readonly #speed = element('speed-chart');
  #metrics: ReportMetrics[] = [];
  #queueLength = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tasks: TaskQueue) {
    this.#tasks = tasks;
    const watcher = new ResizeObserver(() => this.#drawSoon());
    for (const place of [this.#loss, this.#speed]) watcher.observe(place);
  }

  begin(metrics: readonly ReportMetrics[], queueLength: number): void {
    this.#metrics = [...metrics];
    this.#queueLength = queueLength;
    this.#drawSoon();
  }

  add(metrics: readonly ReportMetrics[]): void {
    this.#metrics.push(...metrics);
    this.#drawSoon();
  }

  #drawSoon(): void {
    if (this.#metrics.length === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, pause);
  }

  #draw(): void {
    const metrics = thinned(this.#metrics);
    this.#tasks.add('loss', () => {
      showSvg(this.#loss, drawLoss(metrics, { ...sizeOf(this.#loss), queueLength: this.#queueLength }));
    });
    this.#tasks.add('speed', () => {
      showSvg(this.#speed, drawScalar(metrics, 'imagesPerSecond', sizeOf(this.#speed)));
    });
  }
}

function sizeOf(place: HTMLElement): { readonly width: number; readonly height: number } {
  return { width: widthOf(place, 240, 1000), height: Math.max(200, place.clientHeight) };
}

/** Every n-th, and the last. */
function thinned(metrics: readonly ReportMetrics[]): ReportMetrics[] {
  const stride = Math.ceil(metrics.length / mostPoints);
  return metrics.filter((_, place) => place % stride === 0 || place === metrics.length - 1);
}
