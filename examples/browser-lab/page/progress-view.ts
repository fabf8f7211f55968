import type { DeviceFacts, Progress, Reply } from '../protocol.ts';
import { element } from './elements.ts';
import { duration, megabytes, rate } from './words.ts';

type RunState = 'idle' | 'starting' | 'training' | 'pausing' | 'paused' | 'finished' | 'failed';

const words: Readonly<Record<RunState, string>> = {
  idle: 'Not started',
  starting: 'Starting …',
  training: 'Training',
  pausing: 'Pausing …',
  paused: 'Paused',
  finished: 'Finished',
  failed: 'Stopped',
};

/** Numbers of the run. */
export class ProgressView {
  readonly #state = element('state');
  readonly #bar = element<HTMLProgressElement>('progress');

  showState(state: RunState): void {
    this.#state.textContent = words[state];
    this.#state.className = `state ${state}`;
    if (state !== 'training') element('left').textContent = '–';
  }

  showDevice({ name, description }: DeviceFacts): void {
    const titles: Readonly<Record<string, string>> = {
      webgpu: 'WebGPU',
      wasm: 'WebAssembly',
      cpu: 'JavaScript',
    };
    const title = titles[name] ?? name;
    const device = element('device');
    device.textContent = description.startsWith(title) ? description : `${title}: ${description}`;
    device.classList.add('active');
  }

  showRun({ step, settings, images, parameters, queueLength }: Extract<Reply, { type: 'opened' }>): void {
    this.#showStep(step, settings.steps);
    const queue = queueLength > 0 ? `, a queue of ${queueLength.toLocaleString('en')} keys` : '';
    element('network-facts').textContent =
      `${images.toLocaleString('en')} images, ${(parameters / 1e6).toFixed(2)} million parameters${queue}. ` +
      'The backbone is a safetensors file with torchvision’s names.';
    for (const id of ['loss', 'speed', 'left', 'memory', 'saved']) element(id).textContent = '–';
    if (step > 0) this.showSaved(step);
  }

  showProgress(progress: Progress): void {
    const { step, totalSteps, imagesPerSecond, secondsLeft, bytes, deviceBytes, metrics } = progress;
    this.#showStep(step, totalSteps);
    element('speed').textContent = rate(imagesPerSecond);
    element('left').textContent = duration(secondsLeft);
    element('memory').textContent = megabytes(deviceBytes ?? bytes);
    const loss = metrics.at(-1)?.loss;
    if (loss !== undefined) element('loss').textContent = loss.toFixed(3);
  }

  showSaved(step: number): void {
    element('saved').textContent = `step ${step.toLocaleString('en')}`;
  }

  #showStep(step: number, total: number): void {
    this.#bar.max = total;
    this.#bar.value = step;
    const shown = document.createElement('small');
    shown.textContent = ` / ${total.toLocaleString('en')}`;
    element('step').replaceChildren(step.toLocaleString('en'), shown);
  }
}
