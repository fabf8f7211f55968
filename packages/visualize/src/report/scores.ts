import { drawConfusion } from '../chart/draw-confusion.ts';
import { drawScore } from '../chart/draw-score.ts';
import { escapeText } from '../markup.ts';
import type { ReportData, ReportScore } from '../report-data.ts';
import { figure } from './figure.ts';
import { describeGain, sentence } from './summary.ts';

/** Scores of the frozen features before and after training. */
export function renderScores({ scores }: ReportData): string {
  if (scores.length === 0) {
    return '<p class="nothing">Nothing yet: <code>pixcon evaluate</code> scores a run on labelled images.</p>';
  }
  return scores.map(renderScore).join('\n');
}

function renderScore(score: ReportScore): string {
  const { confusion, perClass = [] } = score;
  const names =
    perClass.length === confusion?.length
      ? perClass.map(({ name }) => name)
      : (confusion ?? []).map((_, place) => String(place));
  return `<article class="score">
<h3>${escapeText(sentence(score.title))}</h3>
<p>${escapeText(score.metric)} ${describeGain(score)}. ${escapeText(sentence(score.detail))}</p>
<div class="charts two">${
    perClass.length > 0
      ? figure(
          drawScore(score, { width: 440 }),
          'Ring: untrained network. Dot: after training. Green where training helped, red where it hurt.',
        )
      : ''
  }${
    confusion
      ? figure(
          drawConfusion(confusion, names, { width: 440 }),
          'Confusion of the trained network: of each labelled class (row), the percentage predicted as each class (column).',
        )
      : ''
  }</div>
</article>`;
}
