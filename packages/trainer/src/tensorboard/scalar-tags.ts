import type { MetricsRecord } from '../events.ts';

/** TensorBoard groups charts by what stands before the slash. */
const tags: Readonly<Record<string, string>> = {
  loss: 'loss/total',
  chance: 'loss/chance',
  image: 'loss/image',
  dense: 'loss/dense',
  learningRate: 'schedule/learning_rate',
  targetMomentum: 'schedule/target_momentum',
  epoch: 'schedule/epoch',
  featureDeviation: 'features/deviation',
  matchWeight: 'matching/weight',
  queueFilled: 'queue/filled',
  imagesPerSecond: 'speed/images_per_second',
  residentMiB: 'memory/resident_mib',
  tensorMiB: 'memory/tensor_mib',
  lossScale: 'precision/loss_scale',
  overflow: 'precision/overflow',
};

/** The scalars of a record under TensorBoard's tags; what only the method at hand logs comes under `method/`. */
export function taggedScalars({ step, ...record }: MetricsRecord): {
  readonly step: number;
  readonly values: Record<string, number>;
} {
  const values: Record<string, number> = {};
  for (const [name, value] of Object.entries(record)) {
    if (value === undefined) continue;
    const isChance = name.endsWith('Chance') && record[name.slice(0, -'Chance'.length)] !== undefined;
    values[tags[name] ?? `${isChance ? 'loss' : 'method'}/${snakeCase(name)}`] = value;
  }
  return { step, values };
}

function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
