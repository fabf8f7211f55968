import { describe, expect, it } from 'vitest';
import { buildMethod } from '../build-method.ts';
import { methodsCommand } from '../commands/methods.ts';
import { methodNames } from '../names.ts';
import { resolveRunConfig } from '../run-config.ts';
import { joinSettings, recipes } from './recipes.ts';

const resolve = (input: object) => resolveRunConfig(input, 'test');

describe('every method', () => {
  it.each(methodNames)('is built from its published settings: %s', (method) => {
    const config = resolve({ method });
    const built = buildMethod(config);
    expect(built.name).toBe(method);
    // What a run was resolved to is resolved to itself: a run folder's config.json goes on as it began.
    expect(resolve(config)).toEqual(config);
  });

  it('has its own learning rate, optimizer and widths', () => {
    expect(resolve({ method: 'pixcon-sr', batchSize: 512 })).toMatchObject({
      learningRate: 0.4,
      hidden: 2048,
      dim: 128,
    });
    expect(resolve({ method: 'densecl', batchSize: 256 })).toMatchObject({
      learningRate: 0.3,
      targetMomentum: 0.999,
      augmentation: 'moco-v2',
    });
    expect(resolve({ method: 'densecl', options: { ascendingMomentum: true } }).targetMomentum).toBe(0.99);
    expect(resolve({ method: 'byol', batchSize: 4096 })).toMatchObject({
      learningRate: 4.8,
      hidden: 4096,
      dim: 256,
      optimizer: { name: 'lars', weightDecay: 1e-6, momentum: 0.9, trustCoefficient: 0.001 },
    });
    expect(resolve({ method: 'slotcon', batchSize: 512, hidden: 64 })).toMatchObject({
      learningRate: 2,
      hidden: 64,
      options: { prototypes: 256, groupWeight: 0.5 },
    });
  });

  it('refuses what it does not know, and says what it knows', () => {
    const message = (input: object) => {
      try {
        resolve(input);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(message({ method: 'byol', options: { splits: 2 } })).toBe(
      'test: unknown setting options.splits; it has none',
    );
    expect(message({ method: 'pixpro', options: { gamma: 2 } })).toBe(
      'test: unknown setting options.gamma; known are radius, exponent, transformLayers, imageWeight',
    );
    expect(message({ method: 'pixpro', options: { radius: 0 } })).toMatch(/^test: options.radius: /);
    expect(message({ options: 3 })).toMatch(/^test: options: /);
    expect(message({ recipe: ['table9'] })).toMatch(
      /^there is no recipe named table9; pixcon methods lists them: /,
    );
    expect(message({ metod: 'byol' })).toMatch(/^test: unknown setting metod; known are recipe, method, /);
    expect(message({ method: 'slotcon', options: { inverseAugmentation: false } })).toBe('');
    expect(() =>
      buildMethod(resolve({ method: 'slotcon', options: { inverseAugmentation: false } })),
    ).toThrow(/slotcon: /);
  });
});

describe('recipes', () => {
  it.each(recipes.map(({ name }) => [name]))('%s is a method', (name) => {
    const config = resolve({ recipe: [name] });
    expect(buildMethod(config).name).toBe(config.method);
    expect(config.recipe).toEqual([name]);
    expect(resolve(config)).toEqual(config);
  });

  it('lie below settings, and on each other', () => {
    const config = resolve({
      recipe: ['table6-pix', 'coco-800ep'],
      batchSize: 64,
      options: { prototypes: 32 },
    });
    expect(config).toMatchObject({
      method: 'slotcon',
      arch: 'resnet50',
      epochs: 800,
      batchSize: 64,
      learningRate: 0.25,
    });
    expect(config.options).toMatchObject({ pixelWeight: 0.5, prototypes: 32 });
  });

  it('lose their options with their method', () => {
    expect(joinSettings({ method: 'slotcon', options: { prototypes: 3 } }, { method: 'byol' })).toEqual({
      method: 'byol',
    });
    expect(resolve({ recipe: ['table6-pix'], method: 'byol' }).options).toEqual({});
  });

  it('have a name each', () => {
    expect(new Set(recipes.map(({ name }) => name)).size).toBe(recipes.length);
  });
});

describe('pixcon methods', () => {
  const print = (name?: string, json = false) => {
    const lines: string[] = [];
    expect(methodsCommand(name, { json }, (line) => lines.push(line))).toBe(0);
    return lines.join('\n');
  };

  it('lists methods and recipes, and the options of one', () => {
    const all = print();
    for (const name of [...methodNames, ...recipes.map((recipe) => recipe.name)])
      expect(all).toContain(`  ${name}`);
    expect(print('slotcon')).toMatch(/prototypes +groups that cells are put into; default 256/);
    expect(print('byol')).toContain('no options of its own');
    expect(JSON.parse(print(undefined, true))).toMatchObject({
      methods: expect.arrayContaining([expect.objectContaining({ name: 'univip', paper: 'tables 1, 7' })]),
      recipes: expect.any(Array),
    });
    expect(() => print('moco')).toThrow(/there is no method named moco; known are pixcon-sr, /);
  });
});
