import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { startBackend } from '@pixcon/backend';
import { type EncodableTensor, encodeSafetensors } from '@pixcon/checkpoints';
import { readCheckpoint } from '@pixcon/checkpoints/node';
import { PixconError, type RandomStream } from '@pixcon/core';
import { pretrain, readReportData } from '@pixcon/trainer';
import { renderReport } from '@pixcon/visualize';
import { readConfig } from '../../../packages/pixcon/test/read-config.ts';
import { EventFileError, maskedCrc32c, readEvents } from '../../../packages/trainer/test/read-events.ts';
import { tinyImages, tinyOptions, tinyPixCon } from '../../../packages/trainer/test/tiny-run.ts';
import { mutate, mutateParts, type Parts } from '../mutate.ts';
import { mutateJson } from '../mutate-json.ts';
import { assertSound, type MakeReader, pick } from '../reader.ts';
import { changeSafetensors } from './weights.ts';

const options = { ...tinyOptions, epochs: 1 } as const;

let trained: Promise<string> | undefined;

/** A finished run with everything that one can leave; made once a process. */
function trainedRun(folder: string): Promise<string> {
  trained ??= (async () => {
    const out = join(dirname(folder), 'trained');
    await rm(out, { recursive: true, force: true });
    await startBackend('cpu');
    const { state } = await pretrain(tinyPixCon(), tinyImages(8), {
      ...options,
      out,
      report: true,
      tensorboard: true,
      pictures: 1,
    });
    state.dispose();
    return out;
  })();
  return trained;
}

const bytesOf = async (...path: string[]) => Uint8Array.from(await readFile(join(...path)));
const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

const config: MakeReader = () => {
  const seeds = [
    {},
    { method: 'pixcon-sr', arch: 'resnet18', epochs: 2, batchSize: 8, seed: 3, imageSize: 64 },
    { method: 'slotcon', options: { prototypes: 64 }, optimizer: { name: 'lars' }, queueLength: 'auto' },
    {
      recipe: [],
      planes: [4, 8, 16, 32],
      augmentation: {
        recipe: 'byol',
        crops: { scale: [0.05, 0.3] },
        views: [{ hue: 0.5 }, { solarizeProbability: 0 }],
      },
    },
  ];
  return Promise.resolve({
    make: (random) => ({ name: 'config.json', bytes: mutateJson(pick(random, seeds), random) }),
    read: readConfig,
  });
};

/** One file of a run folder is hostile; the report is drawn from it. */
const report: MakeReader = async (folder) => {
  const run = await trainedRun(folder);
  const score = {
    report: {
      title: 'a',
      metric: 'mIoU',
      untrained: 0.1,
      trained: 0.4,
      detail: 'b',
      perClass: [{ name: 'c', untrained: 0.1, trained: null }],
      confusion: [
        [3, 1],
        [0, 2],
      ],
    },
  };
  const jsons: [name: string, value: unknown][] = [['score.json', score]];
  for (const name of ['config.json', 'run.json']) jsons.push([name, parse(await bytesOf(run, name))]);
  const metrics = new TextDecoder()
    .decode(await bytesOf(run, 'metrics.jsonl'))
    .trimEnd()
    .split('\n');
  const pictures = await Promise.all(
    (await readdir(join(run, 'pictures'))).map(async (name) => ({
      name,
      bytes: await bytesOf(run, 'pictures', name),
    })),
  );
  const make = (random: RandomStream) => {
    switch (random.integer(0, 3)) {
      case 0: {
        const [name, value] = pick(random, jsons);
        return { name, bytes: mutateJson(value, random) };
      }
      case 1: {
        const lines = metrics.map((line) =>
          random.chance(0.5) ? mutateJson(parse(Buffer.from(line)), random) : Buffer.from(line),
        );
        return {
          name: 'metrics.jsonl',
          bytes: Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])),
        };
      }
      default: {
        const { name, bytes } = pick(random, pictures);
        return { name, bytes: random.chance(0.7) ? changeSafetensors(bytes, random) : mutate(bytes, random) };
      }
    }
  };
  return {
    make,
    async read(path) {
      const copy = `${folder}-run`;
      await rm(copy, { recursive: true, force: true });
      await cp(run, copy, { recursive: true });
      const name = basename(path);
      const place = name === 'score.json' ? 'scores' : name.endsWith('.safetensors') ? 'pictures' : '.';
      await mkdir(join(copy, place), { recursive: true });
      await cp(path, join(copy, place, name));
      const html = await renderReport(await readReportData(copy));
      assertSound(html.includes('</html>'), 'the report has no end');
      assertSound(!html.includes('<script>alert'), 'the report holds a script of a file');
    },
  };
};

/** A checkpoint is hostile; the run goes on from it, or is refused. */
const checkpoint: MakeReader = async (folder) => {
  const run = await trainedRun(folder);
  const bytes = await bytesOf(run, 'checkpoint.safetensors');
  const { sections, record } = await readCheckpoint(join(run, 'checkpoint.safetensors'));
  const tensors = new Map(
    Object.entries(sections).flatMap(([section, inside]) =>
      [...inside].map(([name, tensor]): [string, EncodableTensor] => [
        `${section}/${name}`,
        tensor as EncodableTensor,
      ]),
    ),
  );
  const names = Object.keys(sections);
  const text = (value: unknown, random: RandomStream) => new TextDecoder().decode(mutateJson(value, random));
  const make = (random: RandomStream) => {
    if (random.chance(0.3)) return mutate(bytes, random, [bytes]);
    if (random.chance(0.4)) return changeSafetensors(bytes, random);
    const own = random.chance(0.6) ? text(record, random) : JSON.stringify(record);
    const listed = random.chance(0.4) ? text(names, random) : JSON.stringify(names);
    return encodeSafetensors(tensors, { format: 'pixcon-checkpoint-1', sections: listed, record: own });
  };
  return {
    make: (random) => ({ name: 'checkpoint.safetensors', bytes: make(random) }),
    async read(path) {
      const out = dirname(path);
      const result = await pretrain(tinyPixCon(), tinyImages(8), { ...options, out, resume: true });
      result.state.dispose();
    },
  };
};

/** Records, with their checksums made right again. @see TensorFlow, core/lib/io/record_writer.h */
const eventRecords: Parts<Uint8Array> = {
  split(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const records: Uint8Array[] = [];
    for (let at = 0; at + 16 <= bytes.length; ) {
      const length = view.getUint32(at, true);
      records.push(bytes.subarray(at + 12, at + 12 + length));
      at += 16 + length;
    }
    return records;
  },
  join: (records) =>
    Buffer.concat(
      records.flatMap((data) => {
        const length = new Uint8Array(BigUint64Array.of(BigInt(data.length)).buffer);
        const checksum = (bytes: Uint8Array) => new Uint8Array(Uint32Array.of(maskedCrc32c(bytes)).buffer);
        return [length, checksum(length), data, checksum(data)];
      }),
    ),
  change: (data, random) => mutate(Uint8Array.from(data), random),
};

/** Of TensorBoard's event files the tests have a reader of their own: the library only writes them. */
const events: MakeReader = async (folder) => {
  const run = await trainedRun(folder);
  const name = (await readdir(run)).find((file) => file.startsWith('events.')) as string;
  // Without pictures: to sum them bit by bit takes long.
  const records = eventRecords.split(await bytesOf(run, name)).filter(({ length }) => length < 2000);
  const seed = Uint8Array.from(eventRecords.join(records));
  return {
    make: (random) => ({
      name: 'events.out.tfevents.1',
      bytes: random.chance(0.4) ? mutate(seed, random, [seed]) : mutateParts(seed, eventRecords, random, []),
    }),
    async read(path) {
      try {
        readEvents(await bytesOf(path));
      } catch (cause) {
        if (!(cause instanceof EventFileError)) throw cause;
        throw new PixconError('data', cause.message, { cause });
      }
    },
  };
};

export const runReaders = { config, report, checkpoint, events } satisfies Readonly<
  Record<string, MakeReader>
>;
