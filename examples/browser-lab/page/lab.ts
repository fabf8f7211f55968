import { TaskQueue } from '../drawing/task-queue.ts';
import type { DeviceFacts, Reply, Source, StoredRun } from '../protocol.ts';
import { onBackboneChosen, saveFile } from './backbone-files.ts';
import { CurvesView } from './curves-view.ts';
import { element } from './elements.ts';
import { ImageSource } from './image-source.ts';
import { hideMessages, showMessage } from './messages.ts';
import { PicturesView } from './pictures-view.ts';
import { ProgressView } from './progress-view.ts';
import { SettingsForm } from './settings-form.ts';
import { TrainingWorker } from './training-worker.ts';

interface OpenOptions {
  readonly resume?: boolean;
  readonly run?: boolean;
  readonly backbone?: Uint8Array;
}

/** The page: what a person does goes to the worker, what it tells goes to the views. */
export class Lab {
  readonly #worker = new TrainingWorker((reply) => {
    (this.#replies[reply.type] as (reply: Reply) => void)(reply);
  });
  readonly #form = new SettingsForm(() => this.#open({ run: true }));
  readonly #images = new ImageSource();
  readonly #progress = new ProgressView();
  readonly #tasks = new TaskQueue();
  readonly #curves = new CurvesView(this.#tasks);
  readonly #pictures = new PicturesView(this.#tasks);
  readonly #train = element<HTMLButtonElement>('train');
  readonly #pause = element<HTMLButtonElement>('pause');
  readonly #download = element<HTMLButtonElement>('download');
  readonly #continue = element<HTMLButtonElement>('continue');
  /** What follows from each message of the worker. */
  readonly #replies: { readonly [Type in Reply['type']]: (reply: Extract<Reply, { type: Type }>) => void } = {
    stored: ({ run }) => this.#offerStored(run),
    device: ({ device }) => this.#showDevice(device),
    opened: (run) => this.#begin(run),
    state: ({ state }) => this.#showState(state),
    progress: ({ progress }) => {
      this.#progress.showProgress(progress);
      this.#curves.add(progress.metrics);
    },
    snapshot: ({ snapshot }) => this.#pictures.add(snapshot),
    saved: ({ step }) => this.#progress.showSaved(step),
    backbone: ({ bytes, step }) => {
      saveFile(bytes as Uint8Array<ArrayBuffer>, `backbone-step-${step}.safetensors`);
    },
    notice: ({ topic, message }) => showMessage(topic, message),
    failed: (failure) => this.#fail(failure),
  };
  #source: Source | undefined;
  #isTraining = false;

  constructor() {
    this.#pause.addEventListener('click', () => this.#pauseOrResume());
    this.#download.addEventListener('click', () => this.#worker.send({ type: 'export' }));
    this.#continue.addEventListener('click', () => this.#open({ run: true, resume: true }));
    onBackboneChosen((backbone, name) => {
      this.#open({ backbone });
      showMessage('backbone', `${name} is loaded: below is what it sees. Resume trains it further.`);
    });
    if (!('gpu' in navigator)) {
      showMessage(
        'device',
        'This browser has no WebGPU: training runs on WebAssembly, which is several times slower.',
      );
    }
    this.#worker.send({ type: 'stored' });
  }

  #open({ resume = false, run = false, backbone }: OpenOptions): void {
    const source = this.#images.read() ?? (resume ? this.#source : undefined);
    if (!source) {
      showMessage('failure', 'Choose photos first, or take the built-in scenes.');
      return;
    }
    this.#source = source;
    hideMessages('failure', 'images', 'backbone', 'stored run');
    this.#continue.hidden = true;
    this.#download.disabled = true;
    this.#setTraining(false);
    this.#pause.disabled = true;
    this.#progress.showState('starting');
    this.#worker.restart();
    this.#worker.send({
      type: 'open',
      settings: this.#form.read(),
      source,
      wasmPath: new URL('wasm/', document.baseURI).href,
      backbone,
      resume,
      run,
    });
  }

  #pauseOrResume(): void {
    if (this.#isTraining) this.#progress.showState('pausing');
    this.#worker.send({ type: this.#isTraining ? 'pause' : 'run' });
  }

  #offerStored(run: StoredRun | undefined): void {
    if (!run || run.step >= run.settings.steps) return;
    this.#form.write(run.settings);
    this.#images.choose(run.source);
    this.#continue.hidden = false;
    this.#continue.textContent = `Continue at step ${run.step.toLocaleString('en')}`;
    const photos = run.source === 'photos' ? ` Choose the same ${run.images} photos first.` : '';
    showMessage('stored run', `A run stopped at step ${run.step} of ${run.settings.steps}.${photos}`);
  }

  #showDevice(device: DeviceFacts): void {
    this.#progress.showDevice(device);
    if (device.withoutWebgpu === undefined) return;
    showMessage(
      'device',
      `Without WebGPU (${device.withoutWebgpu}): training runs on WebAssembly, which is several times slower.`,
    );
  }

  #begin(run: Extract<Reply, { type: 'opened' }>): void {
    this.#train.textContent = 'Train anew';
    this.#form.write(run.settings);
    this.#progress.showRun(run);
    this.#curves.begin(run.metrics, run.queueLength);
    this.#pictures.begin(run.pairs);
    this.#download.disabled = false;
  }

  #showState(state: 'training' | 'paused' | 'finished'): void {
    this.#progress.showState(state);
    this.#setTraining(state === 'training');
    this.#pause.disabled = state === 'finished';
    if (state === 'paused') this.#showPrimary(this.#pause);
  }

  #setTraining(isTraining: boolean): void {
    this.#isTraining = isTraining;
    this.#pause.textContent = isTraining ? 'Pause' : 'Resume';
    this.#showPrimary(isTraining ? this.#pause : this.#train);
  }

  /** What a person most likely wants next. */
  #showPrimary(button: HTMLButtonElement): void {
    for (const other of [this.#train, this.#pause]) other.classList.toggle('primary', other === button);
  }

  #fail({ reason, message, saved }: Extract<Reply, { type: 'failed' }>): void {
    this.#worker.stop();
    this.#progress.showState('failed');
    this.#setTraining(false);
    this.#pause.disabled = true;
    this.#download.disabled = true;
    const kept = saved === undefined ? '' : ` The checkpoint of step ${saved} is kept.`;
    const text =
      reason === 'device lost'
        ? `The graphics device was lost${message ? ` (${message.replace(/\.$/, '')})` : ''}: training stopped.${kept}`
        : `${capitalised(message.replace(/\.?$/, '.'))}${kept}`;
    const again = {
      label: `Continue at step ${saved?.toLocaleString('en')}`,
      run: () => this.#open({ run: true, resume: true }),
    };
    showMessage('failure', text, saved === undefined ? undefined : again);
  }
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
