import { describe, expect, it } from 'vitest';
import { tinyResNet } from '../../test/tiny-resnet.ts';
import { detectron2Name } from '../formats/detectron2.ts';
import type { HostTensor } from '../host-tensor.ts';
import { describeResNet } from './describe-resnet.ts';
import { findBackbone } from './find-backbone.ts';

const plain = tinyResNet({ planes: [1, 1, 1, 1] });
const counter: HostTensor = { dtype: 'I64', shape: [], data: BigInt64Array.of(1n) };

/** A network of its own under a prefix: its values tell it from any other. */
function network(prefix: string, value: number, tensors: ReadonlyMap<string, HostTensor> = plain) {
  return [...tensors].map(([name, { shape, data }]): [string, HostTensor] => [
    prefix + name,
    { dtype: 'F32', shape, data: new Float32Array(data.length).fill(value) },
  ]);
}

const valueIn = (tensors: ReadonlyMap<string, HostTensor>) =>
  tensors.get('layer4.1.bn2.running_var')?.data[0];
const online = 1;
const average = 2;

describe('findBackbone, of several networks', () => {
  it.each([
    ['model.', 'ema.'],
    ['model.', 'model_ema.'],
    ['state_dict.', 'state_dict_ema.'],
    ['state_dict.', 'ema_state_dict.'],
    ['model_state.', 'model_state_ema.'],
    ['net.', 'netEMA.'],
    ['', 'ema.module.'],
    ['student.module.backbone.', 'teacher.backbone.'],
    ['module.encoder_q.', 'module.encoder_k.'],
    ['module.base_encoder.', 'module.momentum_encoder.'],
    ['encoder.', 'key_encoder.'],
    ['online_net.0.', 'target_net.0.'],
    ['backbone.', 'backbone_momentum.'],
    ['model.backbone.', 'model.momentum_backbone.'],
    ['backbone._orig_mod.module.', 'momentum_backbone._orig_mod.module.'],
    ['state_dict.semantic.', 'state_dict.weights_averaged.'],
    ['online/backbone.', 'target/backbone.'],
  ])('takes %s before %s, in any order and whatever is counted', (first, second) => {
    const counters = [first, second].map(
      (prefix) => [`${prefix}bn1.num_batches_tracked`, counter] as [string, HostTensor],
    );
    for (const extra of [[], ...counters.map((each) => [each]), [[`${second}n_averaged`, counter]]]) {
      const parts = [network(first, online), network(second, average)];
      for (const both of [parts, parts.toReversed()]) {
        const found = findBackbone(new Map([...both.flat(), ...(extra as [string, HostTensor][])]));
        expect(valueIn(found.tensors)).toBe(online);
        expect([found.prefix, found.others]).toEqual([first, [second.slice(0, -1)]]);
        expect(found.choice).toContain('the online encoder comes before its moving average');
      }
    }
    expect(findBackbone(new Map(network(second, average)))).toMatchObject({
      prefix: second,
      others: [],
      choice: undefined,
    });
  });

  it('counts averages of averages', () => {
    const parts = ['model.encoder_k.', 'ema.encoder_q.', 'ema.encoder_k.', 'model.encoder_q.'];
    const found = findBackbone(new Map(parts.flatMap((prefix, index) => network(prefix, index))));
    expect(found).toMatchObject({
      network: 'model.encoder_q',
      others: ['ema.encoder_q', 'model.encoder_k', 'ema.encoder_k'],
    });
  });

  it('says that methods with a teacher score the teacher', () => {
    const { choice } = findBackbone(new Map([...network('teacher.', 2), ...network('student.', 1)]));
    expect(choice).toBe(
      'the online encoder comes before its moving average, though methods with a teacher score the teacher',
    );
  });

  it.each([
    ['mmengine', 'ema_state_dict.module.', ['ema_state_dict.steps', counter]],
    ['Lightning', 'current_model_state.', ['averaging_state.n_averaged', counter]],
  ] as const)('knows that %s saves the average as state_dict', (who, prefix, extra) => {
    const file = new Map([...network('state_dict.', average), ...network(prefix, online), [...extra]]);
    const found = findBackbone(file as Map<string, HostTensor>);
    expect(valueIn(found.tensors)).toBe(online);
    expect(found.choice).toContain(`${who} saves the average as state_dict`);
  });

  it('rather takes a whole network than one without statistics, and no moments of an optimizer', () => {
    const bare = new Map([...plain].filter(([name]) => !name.includes('running')));
    const file = new Map([
      ...network('model.', 1, bare),
      ...network('ema.', 2),
      ...network('optimizer/backbone.', 3, bare),
    ]);
    const { network: taken, choice, others } = findBackbone(file);
    expect([taken, choice]).toEqual(['ema', 'model lacks normalization statistics']);
    expect(others).toEqual(['model']);
  });

  it('takes the largest, or one that fits', () => {
    const large = tinyResNet({ planes: [1, 1, 1, 1], layers: [3, 4, 6, 3] });
    const file = new Map([...network('student.', 1), ...network('teacher.', 2, large)]);
    expect(findBackbone(file)).toMatchObject({
      network: 'teacher',
      choice: 'it is the largest, of 180 tensors beside 100',
    });
    const fits = (tensors: ReadonlyMap<string, HostTensor>) => describeResNet(tensors).name === 'resnet18';
    expect(findBackbone(file, { fits })).toMatchObject({
      network: 'student',
      choice: 'it is of the kind that was asked for',
    });
  });

  it('says that names alone decide where nothing else does', () => {
    for (const names of [
      ['model.', 'best_model.'],
      ['best_model.', 'model.'],
    ]) {
      const found = findBackbone(new Map(names.flatMap((name) => network(name, 1))));
      expect(found.network).toBe('model');
      expect(found.choice).toContain('nothing tells them apart but their names');
    }
  });
});

describe('findBackbone, of a named network', () => {
  const file = new Map([
    ...network('student.module.backbone.', 1),
    ...network('teacher.backbone.', 2),
    ...network('model_ema.', 3),
    ...network('', 4),
  ]);

  it.each([
    ['teacher', 2],
    ['teacher.backbone', 2],
    ['teacher.backbone.', 2],
    ['student.backbone', 1],
    ['student.module.backbone', 1],
    ['backbone', 1],
    ['model_ema', 3],
    ['.', 4],
  ])('takes %s', (name, value) => {
    const found = findBackbone(file, { network: name });
    expect(valueIn(found.tensors)).toBe(value);
    expect(found.others).toHaveLength(3);
  });

  it('counts the keys that all share as part of the name', () => {
    const options = { path: ['state_dict', 'models'], network: 'state_dict' };
    expect(findBackbone(new Map(network('', 4)), options).network).toBe('state_dict.models');
    expect(findBackbone(file, { path: ['a'], network: 'a.teacher' }).network).toBe('a.teacher.backbone');
  });

  it.each(['nobody', 'model', 'teach', 'constructor'])('says which there are instead of %s', (name) => {
    expect(() => findBackbone(file, { network: name })).toThrow(
      `no network is named "${name}"; the file has student.module.backbone, ., model_ema, teacher.backbone`,
    );
  });
});

/** Names of `nn.Sequential(*children)`: each child's place. */
function numbered(children: readonly string[]): Map<string, HostTensor> {
  return renamed((name) => {
    const [child, ...rest] = name.split('.');
    return [children.indexOf(child as string), ...rest].join('.');
  });
}

function renamed(rename: (name: string) => string): Map<string, HostTensor> {
  return new Map([...plain].map(([name, tensor]) => [rename(name), tensor]));
}

const stages = ['layer1', 'layer2', 'layer3', 'layer4'];
const inStage = (name: string, stage: number, wrapper: string) =>
  name.replace(`layer${stage}.`, `layer${stage}.${wrapper}`);

describe('findBackbone, of other names', () => {
  it.each<[string, ReadonlyMap<string, HostTensor>]>([
    ['nn.Sequential', numbered(['conv1', 'bn1', 'relu', 'maxpool', ...stages])],
    ['nn.Sequential without pooling', numbered(['conv1', 'bn1', 'relu', ...stages])],
    ['nn.Sequential of what has parameters', numbered(['conv1', 'bn1', ...stages])],
    [
      'nn.Sequential with a stem of its own',
      renamed((name) =>
        name
          .replace(/^conv1/, '0.0')
          .replace(/^bn1/, '0.1')
          .replace(/^layer(\d)/, '$1'),
      ),
    ],
    ['layer0', renamed((name) => name.replace(/^conv1/, 'layer0.0').replace(/^bn1/, 'layer0.1'))],
    ['a module as the stem', renamed((name) => name.replace(/^(conv|bn)1/, 'layer0.$11'))],
    ['Detectron2', renamed(detectron2Name)],
    ['a compiled stage', renamed((name) => inStage(name, 1, '_orig_mod.'))],
    [
      'compiled modules in stages that are distributed',
      renamed((name) => inStage(inStage(name, 2, 'module._orig_mod.'), 3, '_orig_mod.module.')),
    ],
    ['a compiled stem', renamed((name) => name.replace(/^(conv1|bn1)\./, '$1._orig_mod.'))],
    ['shards', renamed((name) => inStage(name, 4, '_fsdp_wrapped_module._checkpoint_wrapped_module.'))],
  ])('reads %s, whatever stands before', (_, tensors) => {
    for (const prefix of [
      '',
      'backbone.',
      'encoder.',
      'module.',
      '_orig_mod.',
      'module._orig_mod.',
      'a.0.',
    ]) {
      const file = new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor]));
      file.set(`${prefix}fc.weight`, counter).set(`${prefix}bn1.num_batches_tracked`, counter);
      const found = findBackbone(file);
      expect([found.prefix, found.ignored]).toEqual([prefix, [`${prefix}fc.weight`]]);
      expect(new Map([...found.tensors].sort())).toEqual(new Map([...plain].sort()));
    }
  });

  it('takes the first of two networks of numbers', () => {
    const tensors = numbered(['conv1', 'bn1', 'relu', 'maxpool', ...stages]);
    const both = [
      ...network('backbone_momentum.', average, tensors),
      ...network('backbone.', online, tensors),
    ];
    expect(valueIn(findBackbone(new Map(both)).tensors)).toBe(online);
  });

  it('refuses two tensors of one name, naming both', () => {
    const file = new Map([...plain, ['layer1._orig_mod.0.conv1.weight', counter as HostTensor]]);
    expect(() => findBackbone(file)).toThrow(
      'layer1.0.conv1.weight and layer1._orig_mod.0.conv1.weight are both layer1.0.conv1.weight of one network',
    );
  });

  it('takes no block for a network, and no list of numbers for a ResNet', () => {
    for (const names of [
      ['projector.0.weight', 'projector.1.weight', 'projector.3.weight'],
      ['conv1.weight', 'bn1.weight', 'fc.weight'],
      ['layer1.0.conv1.weight', 'layer1.0.bn1.weight', '0.weight'],
    ]) {
      expect(() => findBackbone(new Map(names.map((name) => [name, counter])))).toThrow(
        `got ${names.join(', ')}`,
      );
    }
  });

  it('looks at every name once, however many there are', () => {
    const many = Array.from({ length: 2000 }, (_, index): [string, HostTensor][] => [
      [`${index}.conv1.weight`, counter],
      [`${index}.layer1.0.conv1.weight`, counter],
    ]).flat();
    expect(findBackbone(new Map(many)).others).toHaveLength(1999);
    expect(() => findBackbone(new Map([['a.'.repeat(100_000), counter]]))).toThrow('no ResNet');
  });
});
