import { byolAugmentation, mocoV2Augmentation } from '@pixcon/augment';
import { describe, expect, it } from 'vitest';
import { buildAugmentation } from './augmentation-config.ts';
import { resolveRunConfig } from './run-config.ts';

function build(augmentation: unknown, reference = false) {
  return buildAugmentation(resolveRunConfig({ augmentation }, 'test').augmentation, reference);
}

describe('the augmentation of a configuration', () => {
  it('is a recipe by name', () => {
    expect(build('byol')).toEqual(byolAugmentation());
    expect(build('moco-v2')).toEqual(mocoV2Augmentation());
    expect(build('byol', true)).toEqual(byolAugmentation({ crops: { reference: true } }));
  });

  it('changes what it names of a recipe', () => {
    expect(build({ crops: { scale: [0.2, 1] }, views: [{}, { solarizeProbability: 0 }] })).toEqual(
      byolAugmentation({ crops: { scale: [0.2, 1] }, views: [{}, { solarizeProbability: 0 }] }),
    );
    expect(build({ recipe: 'moco-v2' })).toEqual(mocoV2Augmentation());
  });

  it.each([
    [{ crops: { scale: [1, 0.2] } }, /^test: augmentation\.crops\.scale: expected the least value first/],
    [{ crops: { size: 3 } }, /^test: unknown setting augmentation\.crops\.size$/],
    [{ views: [{}] }, /^test: augmentation: expected "byol", /],
    [{ views: [{ hue: 0.7 }, {}] }, /^test: augmentation\.views\.0\.hue: too big/],
    ['simclr', /^test: augmentation: expected "byol", /],
  ])('is refused in one sentence: %j', (augmentation, message) => {
    expect(() => build(augmentation)).toThrow(message);
  });
});
