import { formatPercent } from '../chart/plot.ts';
import { escapeText } from '../markup.ts';
import type { ReportData, ReportScore } from '../report-data.ts';
import { findings } from './health.ts';

const methodNames: Readonly<Record<string, string>> = {
  'pixcon-sr': 'PixCon-SR',
  'pixcon-sim': 'PixCon-Sim',
  'pixcon-coord': 'PixCon-Coord',
  'moco-v2-plus': 'MoCo-v2+',
};

/** The head of a report: what this run is, how far it has come, and whether it is healthy. */
export function renderSummary(data: ReportData): string {
  const { title, status } = data;
  const { step, totalSteps } = status;
  const share = totalSteps > 0 ? Math.min(1, step / totalSteps) : 0;
  const states = { running: 'running', finished: 'finished', stopped: 'stopped' } as const;
  const items = [
    ...findings(data),
    ...data.scores.map((score) => ({
      kind: score.trained >= score.untrained ? ('good' as const) : ('bad' as const),
      text: `${sentence(score.title)}: ${score.metric} ${describeGain(score)}.`,
    })),
  ];
  const marks = { good: '✓', note: '…', bad: '!' } as const;
  const words = { good: 'good', note: 'note', bad: 'warning' } as const;
  return `<header>
<h1>${escapeText(title)}</h1>
<p class="lead">${escapeText(describeRun(data.config))}</p>
<p class="progress"><span class="state ${status.state}">${states[status.state]}</span> <progress max="1" value="${share.toFixed(4)}" aria-label="Steps done"></progress> <span>step ${step.toLocaleString('en')} of ${totalSteps.toLocaleString('en')}</span></p>
<ul class="findings">${items
    .map(
      ({ kind, text }) =>
        `<li class="${kind}"><span class="mark" role="img" aria-label="${words[kind]}">${marks[kind]}</span>${escapeText(text)}</li>`,
    )
    .join('')}</ul>
</header>`;
}

/** With a capital letter. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** From 20.4 % to 26.2 % (+5.8 points). */
export function describeGain({ untrained, trained }: Pick<ReportScore, 'untrained' | 'trained'>): string {
  const points = 100 * (trained - untrained);
  const gain = Number.isFinite(points)
    ? ` (${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)} points)`
    : '';
  return `${formatPercent(untrained)} before, ${formatPercent(trained)} after training${gain}`;
}

/** What the settings say, as far as they are known. */
function describeRun(config: ReportData['config']): string {
  const method = typeof config.method === 'string' ? config.method : undefined;
  const name = method === undefined ? 'A method' : (methodNames[method] ?? method);
  const count = number(entry(config.images, 'count'));
  const { batchSize, imageSize, epochs } = config;
  const facts = [
    ...(number(epochs) === undefined ? [] : [`${number(epochs)} ${epochs === 1 ? 'epoch' : 'epochs'}`]),
    ...(number(batchSize) === undefined ? [] : [`batches of ${number(batchSize)}`]),
    ...(number(imageSize) === undefined
      ? []
      : [`views of ${number(imageSize)} × ${number(imageSize)} pixels`]),
  ];
  const images = count === undefined ? 'images' : `${count} images`;
  return `${name} pre-trains a backbone on ${images} without labels${facts.length > 0 ? `: ${facts.join(', ')}` : ''}.`;
}

function entry(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function number(value: unknown): string | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value.toLocaleString('en') : undefined;
}
