import { byolAugmentation } from '@pixcon/augment';
import { describeResNet, type ResNetDescription } from '@pixcon/checkpoints';
import { PixconError, RandomStream } from '@pixcon/core';
import { sgd } from '@pixcon/optimizers';
import type { OpenRequest } from '../protocol.ts';
import { readBackbone, useBackbone } from './backbone-file.ts';
import { buildMethod } from './build-method.ts';
import { readCheckpoint, restoreCheckpoint, type StoredCheckpoint } from './checkpoint.ts';
import { describeImages, type LabImages, openImages } from './images.ts';
import { Pictures } from './pictures.ts';
import { Run, type RunParts } from './run.ts';

/** BYOL's views, but of larger parts: small crops at a few dozen pixels show little. */
const crops = { scale: [0.15, 0.8], minimumOverlap: 0.15, attempts: 20 } as const;

/**
 * A run as the page asks for it: from the beginning, from a backbone, or from the stored checkpoint.
 *
 * @throws PixconError that says what does not fit
 */
export async function openRun(request: OpenRequest, onUnreadable: RunParts['onUnreadable']): Promise<Run> {
  const { source } = request;
  const checkpoint = request.resume ? await storedCheckpoint() : undefined;
  // The device is free to change.
  const settings = { ...(checkpoint?.record.settings ?? request.settings), device: request.settings.device };
  const images = openImages(source, settings.size);
  assertEnough(images, settings.batch);
  if (checkpoint) assertSameImages(checkpoint, source.kind, images);
  const loaded = !checkpoint && request.backbone ? readBackbone(request.backbone) : undefined;
  const method = buildMethod(settings, checkpoint ? describeStored(checkpoint) : loaded?.description);
  const random = new RandomStream(settings.seed);
  const sizes = { datasetSize: images.dataset.length, batchSize: settings.batch };
  const state = method.initialize({ random: random.fork('initialize'), ...sizes });
  const optimizer = sgd();
  const augmentation = byolAugmentation({ crops });
  try {
    if (checkpoint) restoreCheckpoint(checkpoint, state, optimizer);
    if (loaded) useBackbone(loaded, method, state);
    const pictures = await Pictures.choose(images, random.fork('pictures'), {
      ...settings,
      augmentation,
    });
    const { step = 0, metrics = [] } = checkpoint?.record ?? {};
    const parts = { settings, source: source.kind, images, method, state, optimizer, augmentation, pictures };
    return new Run({ ...parts, step, metrics, onUnreadable });
  } catch (error) {
    state.dispose();
    optimizer.dispose();
    throw error;
  }
}

async function storedCheckpoint(): Promise<StoredCheckpoint> {
  const checkpoint = await readCheckpoint();
  if (checkpoint) return checkpoint;
  throw new PixconError('checkpoint', 'No checkpoint is stored in this browser.');
}

function assertEnough({ dataset }: LabImages, batch: number): void {
  if (dataset.length >= batch) return;
  throw new PixconError(
    'data',
    `A batch has ${batch} images, and there are only ${dataset.length}: choose more photos or a smaller batch.`,
  );
}

function assertSameImages({ record }: StoredCheckpoint, source: string, images: LabImages): void {
  const { count, names } = describeImages(images);
  if (record.source === source && record.images.count === count && record.images.names === names) return;
  throw new PixconError(
    'checkpoint',
    record.source === 'scenes'
      ? 'The stored run was made with the built-in scenes: choose them to continue it.'
      : `The stored run was made with ${record.images.count} other photos: choose the same folder to continue it.`,
  );
}

/** The network's shape, which may have come from a file. */
function describeStored({ sections }: StoredCheckpoint): ResNetDescription {
  const prefix = 'backbone.';
  const backbone = [...(sections.online ?? [])].filter(([name]) => name.startsWith(prefix));
  return describeResNet(new Map(backbone.map(([name, tensor]) => [name.slice(prefix.length), tensor])));
}
