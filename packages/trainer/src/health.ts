/** What the monitor looks at, once per fetch. */
export interface HealthReading {
  readonly step: number;
  readonly loss: number;
  readonly chance?: number;
  readonly featureDeviation?: number;
  /** Every queue holds keys of real images only. */
  readonly queueIsFull: boolean;
}

/**
 * Watches for the two failures that users meet most and recognise least: collapsed features, and a loss that
 * stays at ln(1 + K). Each is told once, until it has passed and come back.
 */
export class HealthMonitor {
  #collapsed = 0;
  #atChance = 0;

  /** A warning to show, or `undefined`. */
  read({ step, loss, chance, featureDeviation, queueIsFull }: HealthReading): string | undefined {
    const flat = featureDeviation !== undefined && featureDeviation < 0.1;
    this.#collapsed = flat ? this.#collapsed + 1 : 0;
    const near = chance !== undefined && queueIsFull && Math.abs(loss - chance) < 0.005 * chance;
    this.#atChance = near ? this.#atChance + 1 : 0;
    if (this.#collapsed === 3) {
      return `step ${step}: the features of different images are nearly equal (standard deviation ${featureDeviation?.toFixed(3)}; 1 is spread): the representation has collapsed; lower the learning rate or check that the images differ`;
    }
    if (this.#atChance === 20) {
      return `step ${step}: the loss has stayed at chance level (${chance?.toFixed(2)}) since the queue filled: nothing is being learned; raise the learning rate or check the images`;
    }
    return undefined;
  }
}
