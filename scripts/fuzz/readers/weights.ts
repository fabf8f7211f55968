import { readFile } from 'node:fs/promises';
import {
  describeResNet,
  encodeSafetensors,
  encodeTorch,
  exportDetectron2,
  findBackbone,
  type HostTensor,
  toFloat32,
} from '@pixcon/checkpoints';
import { readSafetensors, readWeights } from '@pixcon/checkpoints/node';
import { PixconError, type RandomStream } from '@pixcon/core';
import { tinyResNet } from '../../../packages/checkpoints/test/tiny-resnet.ts';
import { zipEntries } from '../chunks.ts';
import { mutate, mutateParts } from '../mutate.ts';
import { mutateJson } from '../mutate-json.ts';
import { archiveOf, hostilePickle } from '../pickles.ts';
import { assertSound, type MakeReader, pick } from '../reader.ts';

const fixture = async (name: string) =>
  Uint8Array.from(
    await readFile(new URL(`../../../packages/checkpoints/test/fixtures/${name}`, import.meta.url)),
  );

function assertTensors(tensors: ReadonlyMap<string, HostTensor>): void {
  for (const [name, { shape, data }] of tensors) {
    const count = shape.reduce((product, size) => product * size, 1);
    assertSound(typeof name === 'string', 'a tensor’s name is no text');
    assertSound(data.length === count, `tensor ${name} of shape [${shape}] has ${data.length} values`);
  }
}

/** As an import or `--init` does it. A file whose tensors are no network's was read all the same. */
async function readBackbone(path: string): Promise<void> {
  const { tensors } = await readWeights(path);
  assertTensors(tensors);
  try {
    const found = findBackbone(tensors).tensors;
    assertTensors(toFloat32(found));
    describeResNet(found);
  } catch (error) {
    if (!PixconError.isInstance(error)) throw error;
  }
}

const tiny = tinyResNet({ layers: [1, 1], planes: [2, 3], stemSize: 3 });

interface Header {
  readonly header: unknown;
  readonly data: Uint8Array;
}

function splitSafetensors(bytes: Uint8Array): Header {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  return { header, data: bytes.subarray(8 + length) };
}

/** Changes the header with its length made right again. */
export function changeSafetensors(bytes: Uint8Array, random: RandomStream): Uint8Array {
  const { header, data } = splitSafetensors(bytes);
  const changed = mutateJson(header, random);
  const length = new Uint8Array(BigUint64Array.of(BigInt(changed.length)).buffer);
  return new Uint8Array(Buffer.concat([length, changed, data]));
}

const safetensors: MakeReader = () => {
  const shape = [2, 3];
  const seeds = [
    encodeSafetensors(tiny, { format: 'pt' }),
    encodeSafetensors(
      new Map([
        ['i64', { dtype: 'I64', shape, data: BigInt64Array.from({ length: 6 }, (_, i) => BigInt(i)) }],
        ['u8', { dtype: 'U8', shape, data: new Uint8Array(6) }],
        ['f64', { dtype: 'F64', shape, data: new Float64Array(6) }],
      ]),
      { a: 'b' },
    ),
  ];
  return Promise.resolve({
    make: (random) => {
      const seed = pick(random, seeds);
      const bytes = random.chance(0.5) ? changeSafetensors(seed, random) : mutate(seed, random, seeds);
      return { name: 'input.safetensors', bytes };
    },
    async read(path) {
      assertTensors((await readSafetensors(path)).tensors);
      await readBackbone(path);
    },
  });
};

const torch: MakeReader = async () => {
  const streams = [await fixture('stream.pth')];
  const archives = [
    encodeTorch(tiny, { epoch: 3 }),
    await fixture('plain.pth'),
    await fixture('wrapped.pth'),
    await fixture('protocol4.pth'),
  ];
  const all = [...archives, ...streams];
  const make = (random: RandomStream) => {
    if (random.chance(0.3)) return archiveOf(hostilePickle(random));
    if (random.chance(0.4)) return mutateParts(pick(random, archives), zipEntries, random, archives);
    return mutate(pick(random, all), random, all);
  };
  return { make: (random) => ({ name: 'input.pth', bytes: make(random) }), read: readBackbone };
};

/** Pickles alone, which are refused or read, and pickles that are read because an archive is around them. */
const pickle: MakeReader = () => {
  const model = exportDetectron2({ tensors: tinyResNet({ planes: [1, 2, 4, 8] }), outputStride: 32 }).bytes;
  const make = (random: RandomStream) => {
    const sound = random.chance(0.2) ? model : hostilePickle(random);
    return random.chance(0.7) ? sound : mutate(sound, random, [model]);
  };
  return Promise.resolve({
    make: (random) => {
      const bytes = make(random);
      return random.chance(0.3)
        ? { name: 'input.pkl', bytes }
        : { name: 'input.pth', bytes: archiveOf(bytes) };
    },
    read: readBackbone,
  });
};

export const weightReaders = { safetensors, pth: torch, pkl: pickle } satisfies Readonly<
  Record<string, MakeReader>
>;
