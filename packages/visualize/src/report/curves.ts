import { drawLoss } from '../chart/draw-loss.ts';
import { drawMemory } from '../chart/draw-memory.ts';
import { drawScalar } from '../chart/draw-scalar.ts';
import { unknownScalars } from '../chart/scalars.ts';
import type { ReportData } from '../report-data.ts';
import { figure } from './figure.ts';

const captions: Readonly<Record<string, string>> = {
  featureDeviation:
    'Feature spread: how much the features of different images differ. 0 means collapsed: all images look the same.',
  matchWeight: 'Mean weight of the matches: how much of the query views has a counterpart that is trusted.',
  learningRate: 'Learning rate: warm-up, then down along a cosine.',
  targetMomentum: 'Momentum of the target encoder: at 1 it stands still.',
  imagesPerSecond: 'Images per second.',
  lossScale:
    'Loss scale of mixed precision: halved by each step whose gradients overflow, which moves nothing; doubled after 2000 steps without.',
};

/** Loss, schedules, spread, throughput and memory over steps. */
export function renderCurves({ metrics, status }: ReportData): string {
  if (metrics.length === 0) {
    return '<p class="nothing">Nothing yet: the first curves come with the first logged step.</p>';
  }
  const { queueLength } = status;
  const loss =
    `<div class="wide">${drawLoss(metrics, { queueLength, width: 900, height: 270 })}</div>` +
    `<div class="narrow">${drawLoss(metrics, { queueLength, width: 380, height: 260 })}</div>`;
  const has = (name: string): boolean => metrics.some(({ [name]: value }) => value !== undefined);
  const known = Object.entries(captions).filter(([name]) => has(name));
  return `${figure(
    loss,
    'Loss and its terms; dashed, their chance levels: the loss of features that tell nothing. While the queue fills, negatives are added and the loss rises; then each term should fall below its own.',
    'loss',
  )}
<div class="charts">${known.map(([name, caption]) => figure(drawScalar(metrics, name), caption)).join('')}${
    has('residentMiB') || has('tensorMiB')
      ? figure(drawMemory(metrics), 'Memory of the process, and of the tensors in it. It should stay level.')
      : ''
  }${unknownScalars(metrics)
    .map((name) => figure(drawScalar(metrics, name), `${name}, as the method logs it.`))
    .join('')}</div>`;
}
