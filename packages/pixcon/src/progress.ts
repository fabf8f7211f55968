import type { PretrainEvent } from '@pixcon/trainer';
import { Presets, SingleBar } from 'cli-progress';
import { printable } from './printable.ts';

type StepEvent = Extract<PretrainEvent, { type: 'step' }>;

/** Shows a run: a bar on a terminal, a line now and then in a log. */
export class Progress {
  #bar: SingleBar | undefined;
  #lastLine = 0;
  /** Of the last step whose scalars were fetched. */
  #metrics: StepEvent['metrics'];
  readonly #terminal: boolean;
  readonly #print: (line: string) => void;
  readonly #stream: NodeJS.WriteStream;

  /**
   * @param terminal draw a bar; default: where standard error is a terminal
   * @param print takes a line; default: writes it to `stream`
   */
  constructor(
    terminal?: boolean,
    print?: (line: string) => void,
    stream: NodeJS.WriteStream = process.stderr,
  ) {
    this.#terminal = terminal ?? stream.isTTY === true;
    this.#stream = stream;
    this.#print = print ?? ((line) => stream.write(`${line}\n`));
  }

  handle(event: PretrainEvent): void {
    switch (event.type) {
      case 'start':
        this.#start(event);
        break;
      case 'step':
        this.#step(event);
        break;
      case 'notice':
        this.line(event.message);
        break;
      case 'warning':
        this.line(`warning: ${event.message}`);
        break;
      case 'checkpoint':
        break;
    }
  }

  /** Prints a line without tearing the bar. */
  line(text: string): void {
    // The bar has wrapping off, so that a narrow terminal cuts it; a line needs it.
    if (this.#bar) this.#stream.write('\r\x1b[K\x1b[?7h');
    this.#print(printable(text));
    if (this.#bar) this.#stream.write('\x1b[?7l');
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #start({
    step,
    totalSteps,
    stepsPerEpoch,
    epochs,
    parameters,
    queueLengths,
    chance,
    chanceTerms,
  }: Extract<PretrainEvent, { type: 'start' }>): void {
    const queues = Object.entries(queueLengths).map(
      ([name, length]) => `${name} ${length.toLocaleString('en')}`,
    );
    const levels = Object.entries(chanceTerms).map(([name, level]) => `${name} ${level.toFixed(2)}`);
    const total = chance === undefined ? '' : `, loss at chance ${chance.toFixed(2)}`;
    const terms = levels.length === 0 ? '' : ` (${total === '' ? 'at chance: ' : ''}${levels.join(', ')})`;
    this.line(
      `${step > 0 ? `resuming after step ${step}: ` : ''}${counted(epochs, 'epoch')} of ${counted(stepsPerEpoch, 'step')}, ${formatCount(parameters)} parameters, queues: ${queues.join(', ') || 'none'}${total}${terms}`,
    );
    if (!this.#terminal || step >= totalSteps) return;
    this.#bar = new SingleBar(
      {
        format: '{bar}  {text}',
        stream: this.#stream,
        barsize: 10,
        linewrap: false,
        // A line printed in between has overwritten the bar, even if its text is the same.
        forceRedraw: true,
      },
      Presets.shades_classic,
    );
    this.#bar.start(totalSteps, step, { text: 'first step' });
  }

  #step(event: StepEvent): void {
    this.#metrics = event.metrics ?? this.#metrics;
    const text = describeStep({ ...event, metrics: this.#metrics });
    if (this.#bar) {
      this.#bar.update(event.step, { text });
      return;
    }
    const now = Date.now();
    if (now - this.#lastLine < 15_000 && event.step < event.totalSteps) return;
    this.#lastLine = now;
    this.#print(`step ${event.step}/${event.totalSteps}  ${text}`);
  }
}

/**
 * `epoch 3/10  41.2 images/s  0:42 left  loss 7.91 (image 3.90, chance 4.16; dense 4.01, chance 4.16)`: below 100
 * columns, and what a narrow terminal cuts off is the least. `metrics` of an earlier step are told with their step:
 * `loss 7.91 at step 40`.
 */
export function describeStep({
  step,
  epoch,
  epochs,
  imagesPerSecond,
  secondsLeft,
  phase,
  metrics,
}: StepEvent): string {
  const parts = [
    `epoch ${epoch + 1}/${epochs}`,
    `${imagesPerSecond.toFixed(1)} images/s`,
    `${formatDuration(secondsLeft)} left`,
  ];
  if (metrics) {
    const details = describeTerms(metrics);
    const at = metrics.step === step ? '' : ` at step ${metrics.step}`;
    parts.push(`loss ${metrics.loss.toFixed(2)}${at}${details === '' ? '' : ` (${details})`}`);
  }
  if (phase === 'queue is filling') parts.push('queue is filling');
  return parts.join('  ');
}

/** Each term beside its own chance level: their sum can be far below chance while one of them is not. */
function describeTerms(metrics: NonNullable<StepEvent['metrics']>): string {
  const terms = Object.keys(metrics).filter((name) => metrics[`${name}Chance`] !== undefined);
  const names = [...new Set(['image', 'dense', ...terms])];
  const known = names.flatMap((name) => {
    const [value, level] = [metrics[name], metrics[`${name}Chance`]];
    if (value === undefined) return [];
    const chance = level === undefined ? '' : `, chance ${level.toFixed(2)}`;
    return [`${name} ${value.toFixed(2)}${chance}`];
  });
  if (terms.length > 0) return known.join('; ');
  const total = metrics.chance === undefined ? [] : [`chance ${metrics.chance.toFixed(2)}`];
  return [known.join(', '), ...total].filter(Boolean).join('; ');
}

/** `1:02:03` or `2:03`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** `11.2 M` or `850 K`. */
function formatCount(count: number): string {
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} M` : `${Math.ceil(count / 1000)} K`;
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
