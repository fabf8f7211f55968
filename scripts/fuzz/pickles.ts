import type { RandomStream } from '@pixcon/core';
import { canary } from './canary.ts';
import { storedZip } from './chunks.ts';

type Bytes = readonly number[];

const text = (value: string): number[] => [...new TextEncoder().encode(value)];
const pick = <T>(random: RandomStream, from: readonly T[]): T => from[random.integer(0, from.length)] as T;

/** What runs code in Python when it is called, and in JavaScript what a careless reader would look up. */
const dangerous: readonly (readonly [module: string, name: string])[] = [
  ['os', 'system'],
  ['posix', 'system'],
  ['nt', 'system'],
  ['subprocess', 'Popen'],
  ['builtins', 'eval'],
  ['builtins', 'exec'],
  ['__builtin__', 'execfile'],
  ['builtins', 'getattr'],
  ['builtins', '__import__'],
  ['importlib', 'import_module'],
  ['runpy', '_run_code'],
  ['operator', 'attrgetter'],
  ['torch.hub', 'load'],
  ['torch.serialization', '_get_layout'],
  ['child_process', 'execSync'],
  ['globalThis', 'eval'],
  ['constructor', 'constructor'],
  ['__proto__', 'polluted'],
  ['Object', 'prototype'],
  ['toString', 'call'],
];

/** What training scripts leave beside the weights. */
const foreign: readonly (readonly [module: string, name: string])[] = [
  ['mmengine.logging.history_buffer', 'HistoryBuffer'],
  ['pytorch_lightning.utilities.parsing', 'AttributeDict'],
  ['pathlib', 'PosixPath'],
  ['collections', 'defaultdict'],
  ['collections', 'OrderedDict'],
  ['collections', 'Counter'],
  ['builtins', 'set'],
  ['builtins', 'complex'],
  ['builtins', 'bytearray'],
  ['numpy.core.multiarray', '_reconstruct'],
  ['numpy.core.multiarray', 'scalar'],
  ['numpy._core.numeric', '_frombuffer'],
  ['numpy', 'ndarray'],
  ['numpy', 'dtype'],
  ['argparse', 'Namespace'],
  ['datetime', 'datetime'],
  ['copyreg', '_reconstructor'],
  ['_codecs', 'encode'],
  ['functools', 'partial'],
  ['torch', 'device'],
  ['torch', 'Size'],
  ['torch', 'float32'],
  ['torch', 'FloatStorage'],
  ['torch.storage', '_load_from_bytes'],
  ['torch.storage', 'UntypedStorage'],
  ['torch._utils', '_rebuild_tensor'],
  ['torch._utils', '_rebuild_parameter'],
  ['torch._utils', '_rebuild_sparse_tensor'],
  ['torch._utils', '_rebuild_qtensor'],
  ['torch._tensor', '_rebuild_from_type_v2'],
  ['torch.nn.modules.conv', 'Conv2d'],
  ['models.resnet', 'ResNet'],
  ['__main__', 'Config'],
];

const names = [
  'model',
  'state_dict',
  'conv1.weight',
  'layer1.0.conv1.weight',
  'epoch',
  'ema',
  '__proto__',
  'constructor',
  '',
];
const codes = [`touch ${canary}`, `globalThis.${canary} = 1`, `require('fs').writeFileSync('${canary}', '')`];

/** Writes expressions of Python's pickle machine, mostly sound ones. @see CPython, Lib/pickletools.py */
class PickleWriter {
  readonly #random: RandomStream;
  #memo = 0;

  constructor(random: RandomStream) {
    this.#random = random;
  }

  value(depth: number): Bytes {
    const random = this.#random;
    switch (random.integer(0, depth > 0 ? 12 : 6)) {
      case 0:
        return [pick(random, [0x4e, 0x88, 0x89])];
      case 1:
        return [0x4a, ...Array.from({ length: 4 }, () => random.integer(0, 256))];
      case 2:
        return [0x47, ...Array.from({ length: 8 }, () => random.integer(0, 256))];
      case 3:
        return this.#text(pick(random, [...names, ...codes]));
      case 4:
        return random.chance(0.05) ? this.#odd() : this.dict(0);
      case 5:
        return this.#memo > 0
          ? [0x68, random.integer(0, this.#memo + (random.chance(0.02) ? 1 : 0))]
          : [0x4e];
      case 6:
        return this.#tensor();
      case 7:
        return [...this.#kept([0x5d]), 0x28, ...this.#many(depth), 0x65];
      case 8:
        return [0x28, ...this.#many(depth), 0x74];
      case 9:
        return this.dict(depth);
      default:
        return this.#object(depth);
    }
  }

  dict(depth: number): Bytes {
    const items = Array.from({ length: this.#random.integer(0, 6) }, (_, index) => [
      ...(this.#random.chance(0.97) ? this.#text(`${pick(this.#random, names)}${index}`) : this.value(0)),
      ...this.value(depth - 1),
    ]);
    return [...this.#kept([0x7d]), 0x28, ...items.flat(), 0x75];
  }

  #many(depth: number): Bytes {
    return Array.from({ length: this.#random.integer(0, 5) }, () => this.value(depth - 1)).flat();
  }

  #text(value: string): Bytes {
    const bytes = text(value);
    const isShort = this.#random.chance(0.3);
    return isShort ? [0x8c, bytes.length, ...bytes] : [0x58, bytes.length, 0, 0, 0, ...bytes];
  }

  /** Kept in the memo, so that something may refer to it, itself included. */
  #kept(bytes: Bytes): Bytes {
    if (this.#memo > 255 || this.#random.chance(0.5)) return bytes;
    return [...bytes, 0x71, this.#memo++];
  }

  #global(from = this.#random.chance(0.4) ? dangerous : foreign): Bytes {
    const [module, name] = pick(this.#random, from);
    return this.#random.chance(0.3)
      ? [...this.#text(module), ...this.#text(name), 0x93]
      : [0x63, ...text(`${module}\n${name}\n`)];
  }

  /** An object of a class, or a call of a function, that no weights need; then perhaps its state and its items. */
  #object(depth: number): Bytes {
    const random = this.#random;
    const parameters = () => [0x28, ...this.#text(pick(random, codes)), ...this.#many(depth), 0x74];
    const [module, name] = pick(random, random.chance(0.4) ? dangerous : foreign);
    const made = [
      () => [...this.#global(), ...parameters(), 0x52],
      () => [...this.#global(), ...parameters(), 0x81],
      () => [...this.#global(), ...parameters(), ...this.dict(0), 0x92],
      () => [0x28, ...this.#global(), ...this.#many(depth), 0x6f],
      () => [0x28, ...this.#many(depth), 0x69, ...text(`${module}\n${name}\n`)],
      () =>
        pick(random, [
          [0x82, 1],
          [0x83, 1, 1],
          [0x84, 1, 1, 1, 1],
        ]),
      () => this.#global(),
      () => [...this.value(depth - 1), ...parameters(), 0x52],
    ];
    const more = [
      () => [...this.value(depth - 1), 0x62],
      () => [0x28, ...this.#many(depth), 0x65],
      () => [...this.value(depth - 1), 0x61],
      () => [...this.#text('a'), ...this.value(depth - 1), 0x73],
      () => [0x28, ...this.#many(depth), 0x90],
    ];
    const rest = Array.from({ length: random.chance(0.3) ? 1 : 0 }, () => pick(random, more)());
    return [...this.#kept(pick(random, made)()), ...rest.flat()];
  }

  #tensor(): Bytes {
    const random = this.#random;
    const small = (value: number) => (value < 256 ? [0x4b, value] : [0x4a, ...int32(value)]);
    const count = () =>
      random.chance(0.98) ? random.integer(0, 3) : pick(random, [255, 65_536, 0x7fff_ffff, -1]);
    const sizes = Array.from({ length: random.integer(0, 4) }, count);
    const strides = sizes.map(() => count());
    const storage = [
      0x28,
      ...this.#text('storage'),
      ...(random.chance(0.98) ? [0x63, ...text('torch\nFloatStorage\n')] : this.#global()),
      ...this.#text(random.chance(0.97) ? '0' : pick(random, ['1', '../0', '__proto__'])),
      ...this.#text('cpu'),
      ...small(random.chance(0.97) ? 24 : count()),
      0x74,
      0x51,
    ];
    return [
      0x63,
      ...text('torch._utils\n_rebuild_tensor_v2\n'),
      0x28,
      ...storage,
      ...small(random.chance(0.9) ? 0 : count()),
      ...[0x28, ...sizes.flatMap(small), 0x74],
      ...[0x28, ...strides.flatMap(small), 0x74],
      0x89,
      ...[0x63, ...text('collections\nOrderedDict\n'), 0x29, 0x52],
      0x74,
      0x52,
    ];
  }

  /** Lengths that are not there, numbers of many digits, texts of older protocols, operations that do not exist. */
  #odd(): Bytes {
    return pick(this.#random, [
      [0x58, 0xff, 0xff, 0xff, 0x7f],
      [0x8b, 0xff, 0xff, 0xff, 0x7f],
      [0x8a, 0xff],
      [0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
      [0x96, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
      [0x72, 0xff, 0xff, 0xff, 0xff],
      [0x49, ...text('99999999999999999999\n')],
      [0x4c, ...text(`${'9'.repeat(3000)}L\n`)],
      [0x46, ...text('1e999\n')],
      [0x53, ...text("'\\x41'\n")],
      [0x56, ...text('\\ud800\n')],
      [0x50, ...text('0\n')],
      [0x95, 0, 0, 0, 0, 0, 0, 0, 0],
      [0x97],
      [0xfe],
      [0x8f],
      [0x32],
      [0x30],
    ]);
  }
}

function int32(value: number): Bytes {
  return [...new Uint8Array(Int32Array.of(value).buffer)];
}

/** A pickle of a dict with tensors and foreign objects in each other. */
export function hostilePickle(random: RandomStream): Uint8Array {
  const protocol = random.chance(0.97) ? random.integer(2, 5) : random.integer(0, 7);
  return Uint8Array.from([0x80, protocol, ...new PickleWriter(random).dict(4), 0x2e]);
}

/** The same as PyTorch's archive, so that the pickle is what is read. */
export function archiveOf(pickle: Uint8Array): Uint8Array {
  return storedZip([
    { name: 'x/data.pkl', data: pickle },
    { name: 'x/data/0', data: new Uint8Array(96) },
    { name: 'x/data/1', data: new Uint8Array(8) },
  ]);
}
