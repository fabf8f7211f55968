/*
 * The paper's recipe on COCO, or COCO+.
 *
 *   npm start -w @pixcon-examples/node-coco                                                 what to download, and two steps
 *   npm start -w @pixcon-examples/node-coco -- /data/coco/train2017                         COCO
 *   npm start -w @pixcon-examples/node-coco -- /data/coco/train2017 /data/coco/unlabeled2017   COCO+
 */
import { parseArgs } from 'node:util';
import {
  type BackendName,
  explainBackend,
  type ImageDataset,
  imageFolder,
  type PretrainEvent,
  pretrain,
  startBackend,
  syntheticScenes,
} from 'pixcon';
import { joinDatasets } from './join-datasets.ts';
import { paperRecipe, type RecipeOptions } from './recipe.ts';

const { positionals: folders, values } = parseArgs({
  allowPositionals: true,
  options: {
    epochs: { type: 'string' },
    batch: { type: 'string' },
    part: { type: 'string' },
    size: { type: 'string' },
    queue: { type: 'string' },
    out: { type: 'string', default: 'runs/coco' },
    backend: { type: 'string', default: process.env.BACKEND ?? 'auto' },
  },
});

/** The recipe in miniature: the same network and losses, but a batch, views and queues that any machine can hold. */
const miniature: RecipeOptions = { batchSize: 4, partSize: 2, epochs: 1, imageSize: 64, queueLength: 64 };

const instructions = `No folder was given. The paper trains on the photos of COCO (https://cocodataset.org), without their labels:

  curl -O http://images.cocodataset.org/zips/train2017.zip       # 18 GB, 118,287 photos: COCO
  curl -O http://images.cocodataset.org/zips/unlabeled2017.zip   # 19 GB, 123,403 photos: with the others, COCO+
  unzip train2017.zip && unzip unlabeled2017.zip

  npm start -w @pixcon-examples/node-coco -- "$PWD/train2017"
  npm start -w @pixcon-examples/node-coco -- "$PWD/train2017" "$PWD/unlabeled2017"

For now: two steps of the recipe in miniature, on made-up scenes.
`;

function asked(): RecipeOptions {
  const { epochs, batch, part, size, queue } = values;
  const options = { epochs, batchSize: batch, partSize: part, imageSize: size, queueLength: queue };
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, text]) => (text === undefined ? [] : [[name, Number(text)]])),
  );
}

/** A folder's images; those of several under the names of their folders. */
function openFolders(): ImageDataset {
  const [only, ...others] = folders;
  if (only !== undefined && others.length === 0) return imageFolder(only);
  return joinDatasets(Object.fromEntries(folders.map((folder) => [folder, imageFolder(folder)])));
}

function print(event: PretrainEvent): void {
  if (event.type === 'notice' || event.type === 'warning') console.log(event.message);
  if (event.type === 'start')
    console.log(`${event.totalSteps} steps of ${event.epochs} epochs, chance ${event.chance?.toFixed(3)}`);
  if (event.type !== 'step' || !event.metrics) return;
  const { step, totalSteps, imagesPerSecond, secondsLeft, phase, metrics } = event;
  const hours = (secondsLeft / 3600).toFixed(1);
  console.log(
    `step ${step}/${totalSteps}  loss ${metrics.loss.toFixed(3)}  ${imagesPerSecond.toFixed(1)} images/s  ${hours} h left  ${phase}`,
  );
}

if (folders.length === 0) console.log(instructions);
const given = folders.length > 0;
const dataset = given ? openFolders() : syntheticScenes({ count: 8 });
const { method, training } = paperRecipe(given ? asked() : miniature);
console.log(explainBackend(await startBackend(values.backend as BackendName | 'auto')));
console.log(`${dataset.length} images ${given ? `from ${folders.join(' and ')}` : '(made up)'}`);

const stop = new AbortController();
process.once('SIGINT', () => {
  console.log('finishing this step and saving; the same command goes on from here');
  stop.abort();
});
const { state, metrics } = await pretrain(method, dataset, {
  ...training,
  ...(given ? { out: values.out, resume: true, logEverySteps: 10 } : { logEverySteps: 1 }),
  signal: stop.signal,
  onEvent: print,
});
state.dispose();
console.log(`done, loss ${metrics?.loss.toFixed(3)}`);
if (given) console.log(`${values.out} has backbone.safetensors (torchvision names) and report.html`);
