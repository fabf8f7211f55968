import type { PretrainEvent } from '@pixcon/trainer';
import { Presets, SingleBar } from 'cli-progress';

type StepEvent = Extract<PretrainEvent, { type: 'step' }>;

/** Shows a run: a bar on a terminal, a line now and then in a log. */
export class Progress {
  #bar: SingleBar | undefined;
  #lastLine = 0;
  readonly #terminal: boolean;
  readonly #print: (line: string) => void;

  constructor(
    terminal: boolean = process.stderr.isTTY === true,
    print: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
  ) {
    this.#terminal = terminal;
    this.#print = print;
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
    if (this.#bar) process.stderr.write('\r\x1b[K');
    this.#print(text);
    this.#bar?.updateETA();
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
  }: Extract<PretrainEvent, { type: 'start' }>): void {
    const queues = Object.entries(queueLengths).map(
      ([name, length]) => `${name} ${length.toLocaleString('en')}`,
    );
    this.line(
      `${step > 0 ? `resuming after step ${step}: ` : ''}${epochs} epochs of ${stepsPerEpoch} steps, ${(parameters / 1e6).toFixed(1)} M parameters, queues: ${queues.join(', ') || 'none'}${chance === undefined ? '' : `, loss at chance ${chance.toFixed(2)}`}`,
    );
    if (!this.#terminal || step >= totalSteps) return;
    this.#bar = new SingleBar(
      {
        format: '{bar} {percentage}% | {text}',
        stream: process.stderr,
        hideCursor: true,
        barsize: 24,
        linewrap: false,
      },
      Presets.shades_classic,
    );
    this.#bar.start(totalSteps, step, { text: 'first step' });
  }

  #step(event: StepEvent): void {
    if (this.#bar) {
      this.#bar.update(event.step, { text: describeStep(event) });
      return;
    }
    const now = Date.now();
    if (now - this.#lastLine < 15_000 && event.step < event.totalSteps) return;
    this.#lastLine = now;
    this.#print(`step ${event.step}/${event.totalSteps} | ${describeStep(event)}`);
  }
}

/** `epoch 3/10 | 41.2 images/s | loss 7.91 (image 3.90, dense 4.01; chance 8.32) | 0:42 left` */
export function describeStep({
  epoch,
  epochs,
  imagesPerSecond,
  secondsLeft,
  phase,
  metrics,
}: StepEvent): string {
  const parts = [`epoch ${epoch + 1}/${epochs}`, `${imagesPerSecond.toFixed(1)} images/s`];
  if (metrics) {
    const terms = (['image', 'dense'] as const)
      .flatMap((name) => (metrics[name] === undefined ? [] : [`${name} ${metrics[name].toFixed(2)}`]))
      .join(', ');
    const chance = metrics.chance === undefined ? '' : `; chance ${metrics.chance.toFixed(2)}`;
    parts.push(`loss ${metrics.loss.toFixed(2)} (${terms}${chance})`);
  }
  if (phase === 'queue is filling') parts.push('queue is filling');
  parts.push(`${formatDuration(secondsLeft)} left`);
  return parts.join(' | ');
}

/** `1:02:03` or `2:03`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
