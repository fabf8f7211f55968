import type { ChanceLevels } from './chance-levels.ts';
import type { MetricsRecord } from './events.ts';

/** What the monitor looks at, once per fetch. */
export interface HealthReading {
  readonly record: Pick<MetricsRecord, 'step' | 'loss' | 'featureDeviation'> &
    Readonly<Record<string, number | undefined>>;
  readonly chance: ChanceLevels;
  /** Every queue holds keys of real images only. */
  readonly queueIsFull: boolean;
}

/**
 * Watches for the two failures that users meet most and recognise least: collapsed features, and a loss, or a term of
 * it, that stays at ln(1 + K). Each is told once, until it has passed and come back.
 */
export class HealthMonitor {
  #collapsed = 0;
  readonly #atChance = new Map<string, number>();

  /** Warnings to show. */
  read({ record, chance, queueIsFull }: HealthReading): string[] {
    const { step, loss, featureDeviation } = record;
    const warnings: string[] = [];
    const flat = featureDeviation !== undefined && featureDeviation < 0.1;
    this.#collapsed = flat ? this.#collapsed + 1 : 0;
    if (this.#collapsed === 3) {
      warnings.push(
        `step ${step}: the features of different images are nearly equal (standard deviation ${featureDeviation?.toFixed(3)}; 1 is spread): the representation has collapsed; lower the learning rate or check that the images differ`,
      );
    }
    // What a term has not learned, the sum of all terms hides.
    const terms = Object.entries(chance.terms).map(
      ([name, level]) => [`the ${name} term of the loss`, record[name], level] as const,
    );
    for (const [what, value, level] of terms.length > 0
      ? terms
      : [['the loss', loss, chance.total] as const]) {
      if (this.#stays(what, queueIsFull ? value : undefined, level)) {
        warnings.push(
          `step ${step}: ${what} has stayed at chance level (${level?.toFixed(2)}) since the queue filled: nothing is being learned${terms.length > 0 ? ' from it' : ''}; raise the learning rate or check the images`,
        );
      }
    }
    return warnings;
  }

  /** Whether it is the twentieth time in a row. */
  #stays(what: string, value: number | undefined, level: number | undefined): boolean {
    const near = value !== undefined && level !== undefined && Math.abs(value - level) < 0.005 * level;
    const times = near ? (this.#atChance.get(what) ?? 0) + 1 : 0;
    this.#atChance.set(what, times);
    return times === 20;
  }
}
