import type { Reply, Request } from '../protocol.ts';

/** The worker that trains. A new run gets a new one: the memory of the last is then surely free. */
export class TrainingWorker {
  readonly #hear: (reply: Reply) => void;
  #worker: Worker | undefined;

  constructor(hear: (reply: Reply) => void) {
    this.#hear = hear;
  }

  /** Ends what runs, and starts anew. */
  restart(): void {
    this.stop();
    const worker = new Worker(new URL('../worker/main.ts', import.meta.url), {
      type: 'module',
      name: 'training',
    });
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#hear({
        type: 'failed',
        reason: 'error',
        message: event.message || 'The training worker could not start.',
      });
    };
    this.#worker = worker;
  }

  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  send(request: Request): void {
    if (!this.#worker) this.restart();
    this.#worker?.postMessage(request);
  }
}
