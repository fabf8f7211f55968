import { formatNumber } from '../chart/plot.ts';
import { queueFullStep } from '../chart/queue-full-step.ts';
import { chanceTerms, lossTerms } from '../chart/scalars.ts';
import type { ReportData, ReportMetrics } from '../report-data.ts';
import type { Finding } from './finding.ts';

/** Lines that the end of a run is judged by. */
const recentLines = 20;

/** What features can tell once a term of that name is below chance. */
const learned: Readonly<Record<string, string>> = {
  image: 'tell images apart',
  dense: 'tell cells of images apart',
};

/** The loss against chance level: of each term by itself, where the run says it. */
export function judgeLoss(
  metrics: readonly ReportMetrics[],
  last: ReportMetrics,
  { queueLength, state }: ReportData['status'],
): Finding[] {
  if (!Number.isFinite(last.loss)) {
    return [{ kind: 'bad', text: 'The loss is not a number: lower the learning rate.' }];
  }
  const full = queueFullStep(metrics, queueLength);
  if (full === Number.POSITIVE_INFINITY) {
    const filled = `${formatNumber(last.queueFilled)} of ${formatNumber(queueLength)} keys`;
    return [
      {
        kind: 'note',
        text: `The queue is still filling (${filled}): until it is full, each step adds negatives, and the loss may rise.`,
      },
    ];
  }
  const lines = metrics.filter(({ step }) => step >= full);
  const recent = (name: string) =>
    lines
      .flatMap(({ [name]: value }) => (Number.isFinite(value) ? [value as number] : []))
      .slice(-recentLines);
  const terms = chanceTerms(last);
  if (terms.length > 0) {
    return terms.flatMap((name) =>
      judge({
        what: `The ${name} term of the loss`,
        values: recent(name),
        chance: last[`${name}Chance`] as number,
        learned: learned[name],
        state,
      }),
    );
  }
  const { chance } = last;
  if (chance === undefined || !Number.isFinite(chance)) return [];
  return judge({ what: 'The loss', values: recent('loss'), chance, ...meaningOf(metrics, last), state });
}

/** What it means that the whole loss is below chance: of several terms, one may still be at its own level. */
function meaningOf(
  metrics: readonly ReportMetrics[],
  last: ReportMetrics,
): Pick<Judged, 'learned' | 'hides'> {
  const [term, ...others] = lossTerms(metrics);
  if (term === undefined) return {};
  const isAll = others.length === 0 && Math.abs((last[term] ?? 0) - last.loss) <= 1e-3 * Math.abs(last.loss);
  return isAll ? { learned: learned[term] } : { hides: [term, ...others].join(', ') };
}

interface Judged {
  readonly what: string;
  readonly values: readonly number[];
  readonly chance: number;
  readonly learned?: string | undefined;
  /** Terms of which no level is known. */
  readonly hides?: string;
  readonly state: ReportData['status']['state'];
}

function judge({ what, values, chance, learned: can, hides, state }: Judged): Finding[] {
  if (values.length === 0) return [];
  const value = values.reduce((sum, each) => sum + each, 0) / values.length;
  const numbers = `(${formatNumber(value)} against ${formatNumber(chance)})`;
  if (Math.abs(value - chance) < 0.005 * chance) {
    // It passes that level on its way, too.
    if (values.length < recentLines && state === 'running') return [];
    return [
      {
        kind: 'bad',
        text: `${what} stays at chance level ${numbers}: nothing is being learned from it. Raise the learning rate, or check the images.`,
      },
    ];
  }
  if (value > chance) {
    const advice =
      state === 'running'
        ? 'If it does not fall soon, lower the learning rate'
        : 'Train for longer, or lower the learning rate';
    return [
      {
        kind: 'bad',
        text: `${what} is above chance level ${numbers}, worse than features that tell nothing. ${advice}.`,
      },
    ];
  }
  if (hides !== undefined) {
    return [
      {
        kind: 'note',
        text: `${what} as a whole is below chance level ${numbers}; of its terms (${hides}) this run has no levels, and one of them may have learned nothing.`,
      },
    ];
  }
  const features = can === undefined ? '' : `: the features ${can}`;
  if (value > 0.95 * chance) {
    const hardly = can === undefined ? ': little is learned' : `: the features hardly ${can}`;
    return [{ kind: 'note', text: `${what} is barely below chance level ${numbers}${hardly} so far.` }];
  }
  return [{ kind: 'good', text: `${what} is below chance level ${numbers}${features}.` }];
}
