import type { Reply, Request } from '../protocol.ts';
import { readCheckpoint } from './checkpoint.ts';
import { Trainer } from './trainer.ts';

/** The little of a worker's globals that TypeScript's types of a page lack. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Reply, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const trainer = new Trainer(tell);

scope.onmessage = ({ data }) => void handle(data);

async function handle(request: Request): Promise<void> {
  switch (request.type) {
    case 'open':
      return await trainer.open(request);
    case 'stored':
      return await tellStored();
    case 'run':
      return trainer.resume();
    case 'pause':
      return trainer.pause();
    case 'export':
      return await trainer.export();
  }
}

function tell(reply: Reply): void {
  scope.postMessage(reply, reply.type === 'backbone' ? [reply.bytes.buffer as ArrayBuffer] : []);
}

async function tellStored(): Promise<void> {
  const record = (await readCheckpoint().catch(() => undefined))?.record;
  const run = record && {
    step: record.step,
    settings: record.settings,
    source: record.source,
    images: record.images.count,
  };
  tell({ type: 'stored', run });
}
