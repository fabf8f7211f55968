import { PixconError, shorten } from '@pixcon/core';
import { denseCLLadder } from '@pixcon/methods';

/** Settings with a name; several can be put on each other. */
export interface Recipe {
  readonly name: string;
  readonly what: string;
  /** By the configuration's names. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const paper = { arch: 'resnet50', imageSize: 224, warmupEpochs: 4 };

const schedules: readonly Recipe[] = [
  {
    name: 'coco-800ep',
    what: 'the paper’s schedule on COCO',
    settings: { ...paper, batchSize: 512, epochs: 800 },
  },
  { name: 'coco-200ep', what: 'a quarter of it', settings: { ...paper, batchSize: 512, epochs: 200 } },
  {
    name: 'small-data',
    what: 'a thousand photos or so on one machine: ResNet-18 at 128 px with cells of 16 px',
    settings: {
      arch: 'resnet18',
      imageSize: 128,
      outputStride: 16,
      batchSize: 32,
      epochs: 200,
      learningRate: 0.05,
    },
  },
];

const reweighting: readonly Recipe[] = [
  { name: 'table3-full', what: 'PixCon-SR', settings: { method: 'pixcon-sr' } },
  {
    name: 'table3-spatial',
    what: 'PixCon-SR (Spa.): matches inside the overlap alone',
    settings: { method: 'pixcon-sr', similarityReweighting: false },
  },
  {
    name: 'table3-similarity',
    what: 'PixCon-SR (Sim.): weights by similarity alone',
    settings: { method: 'pixcon-sr', spatialReweighting: false },
  },
  ...[1, 2, 3, 4].map((sharpening) => ({
    name: `table3-gamma${sharpening}`,
    what: `PixCon-SR with sharpening ${sharpening}`,
    settings: { method: 'pixcon-sr', sharpening },
  })),
];

const ladder: readonly Recipe[] = Object.entries(denseCLLadder).map(([step, { options, augmentation }]) => ({
  name: `table4-${step}`,
  what: step === 'densecl' ? 'DenseCL as published' : `the row before, + ${step.replaceAll('-', ' ')}`,
  settings: { method: 'densecl', options, augmentation },
}));

const slotcon = (name: string, what: string, options: object): Recipe => ({
  name,
  what,
  settings: { method: 'slotcon', options },
});

const imageLevel: readonly Recipe[] = [
  slotcon('table5-slotcon', 'SlotCon', {}),
  slotcon('table5-slotcon-image', 'SlotCon with an image-level loss', { imageWeight: 0.5 }),
  { name: 'table5-pixpro', what: 'PixPro', settings: { method: 'pixpro' } },
  {
    name: 'table5-pixpro-image',
    what: 'PixPro with an image-level loss',
    settings: { method: 'pixpro', options: { imageWeight: 1 } },
  },
];

const alone = { inverseAugmentation: false, matching: 'similarity' };
const mixes: readonly Recipe[] = [
  slotcon('table6-slotcon', 'SlotCon', {}),
  slotcon('table6-pix', 'SlotCon+Pix.: a branch with PixCon’s pixel loss', { pixelWeight: 0.5 }),
  slotcon('table6-coord-sim', 'SlotCon−Coord.+Sim.: matches by similarity instead of place', alone),
  slotcon('table6-coord-sim-image', 'SlotCon−Coord.+Sim.+Img.', { ...alone, imageWeight: 0.5 }),
  slotcon('table6-sim', 'SlotCon+Sim.: both matches', { matching: 'similarity' }),
  slotcon('table6-sim-sr', 'SlotCon+Sim.+SR', { matching: 'semantic-reweighting' }),
];

/** Every recipe, in the order in which they are listed. */
export const recipes: readonly Recipe[] = [...schedules, ...reweighting, ...ladder, ...imageLevel, ...mixes];

/**
 * The settings of recipes, put on each other in the order given; `options` of a method are joined.
 *
 * @throws PixconError `invalid-argument` for an unknown name
 */
export function recipeSettings(names: readonly string[]): Record<string, unknown> {
  return names.reduce<Record<string, unknown>>((settings, name) => {
    const recipe = recipes.find((known) => known.name === name);
    if (recipe) return joinSettings(settings, recipe.settings);
    throw new PixconError(
      'invalid-argument',
      `there is no recipe named ${shorten(name, 80)}; pixcon methods lists them: ${recipes.map((known) => known.name).join(', ')}`,
    );
  }, {});
}

/** `over` wins, but the options of a method are joined as long as the method stays. */
export function joinSettings(
  under: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const sameMethod = over.method === undefined || under.method === undefined || over.method === under.method;
  const joined = { ...under, ...over };
  if (isObject(under.options) && isObject(over.options) && sameMethod) {
    joined.options = { ...under.options, ...over.options };
  }
  if (!sameMethod && over.options === undefined) delete joined.options;
  return joined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
