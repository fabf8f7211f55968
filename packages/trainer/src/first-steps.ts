import type { ViewPair } from '@pixcon/core';
import { type Method, type MethodState, type Optimizer, PixconError } from '@pixcon/core';
import { assertFeatures, assertViews, blameFirstStep, brokenOf } from './blame-first-step.ts';
import { assertQueues } from './check-parts.ts';
import type { PretrainEvent } from './events.ts';
import type { InspectedPart, StepChecks } from './step-checks.ts';

/** Steps of a call of `pretrain` whose values are looked at: by the third, what starts at zero has moved. */
const inspectedSteps = 3;

export interface FirstStepsInput {
  readonly method: Method;
  readonly state: MethodState;
  readonly optimizer: Optimizer;
  /** Gradients are of a scaled loss, and may overflow without harm. */
  readonly scaled: boolean;
  /** Makes the state that the first step began with; absent where the run goes on from a checkpoint. */
  readonly initial?: (() => MethodState) | undefined;
  /** Hears what may be meant so. */
  readonly tell: (event: PretrainEvent) => void;
}

/** A step that was computed, its update included. */
export interface InspectedStep {
  /** Counted from 1. */
  readonly step: number;
  /** None comes after. */
  readonly isLast: boolean;
  readonly learningRate: number;
  readonly views: ViewPair;
  readonly checks: StepChecks;
}

/**
 * Looks at the values that the parts of a method hand over in the first steps, and says which part is at fault, in the
 * order in which they compute: what is wrong later may only follow from what was wrong before. Later steps read nothing
 * back for it.
 */
export class FirstSteps {
  readonly #input: FirstStepsInput;
  /** Parameters that no step has had a gradient of. */
  readonly #still: Set<string>;
  #done = 0;
  #moves = false;

  constructor(input: FirstStepsInput) {
    this.#input = input;
    this.#still = new Set(input.state.online.trainable().map(({ name }) => name));
  }

  /** Whether the next step is one of them. */
  get isDue(): boolean {
    return this.#done < inspectedSteps;
  }

  /** @throws PixconError `numerical` for a state that is not finite before the first step */
  async begin(): Promise<void> {
    const { method, state } = this.#input;
    const [broken] = await brokenOf([...state.online.entries(), ...(state.target?.entries() ?? [])]);
    if (broken === undefined) return;
    throw new PixconError(
      'numerical',
      `${method.name}: initialize must give finite parameters, but ${broken} holds a value that is not; look at its initial values, or at the weights that the run starts from`,
    );
  }

  /**
   * Of a step that may have failed on the way.
   *
   * @throws PixconError where a match is none, or the views or features that it is made from are not finite
   */
  async assertMatches(at: Pick<InspectedStep, 'step' | 'views' | 'checks'>): Promise<void> {
    const { method, initial } = this.#input;
    if (this.#done === 0) await assertViews(at);
    const broken = await at.checks.brokenMatch();
    if (!broken) return;
    // Features that are not finite are no fault of the matching.
    if (broken.ofFiniteFeatures) throw broken.error;
    if (this.#done === 0) await assertFeatures({ ...at, method, initial });
    throw new PixconError(
      'numerical',
      `pretrain: the features are not finite at step ${at.step}; lower the learning rate, or look at the images of that batch: ${at.views.names.join(', ')}`,
    );
  }

  /** @throws PixconError that names the part at fault */
  async check(at: InspectedStep): Promise<void> {
    const { method, state } = this.#input;
    const { checks } = at;
    await this.assertMatches(at);
    const isFirst = ++this.#done === 1;
    assertQueues(method, state);
    const parts = await checks.parts();
    const targets = await checks.brokenTargets();
    // A gradient that is not finite spoils the parts after it.
    const broken = parts.find((part) => !isFinitePart(part) || this.#brokenGradient(part) !== undefined);
    if (targets.length > 0 || broken) {
      // Later ones may follow from an update: the log tells of them.
      if (isFirst) await this.#blame(at, targets, broken);
      return;
    }
    if (isFirst) this.#compareTerms(at, parts);
    await this.#lookAtGradients(at, parts);
    if (isFirst) await this.#lookAtUpdate(at, parts);
    if (at.isLast || !this.isDue) this.#tellOfStill();
  }

  #brokenGradient({ gradients }: InspectedPart): string | undefined {
    if (this.#input.scaled) return undefined;
    return [...gradients].find(([, size]) => !Number.isFinite(size))?.[0];
  }

  async #blame(
    { step, views }: InspectedStep,
    targets: readonly string[],
    broken: InspectedPart | undefined,
  ): Promise<void> {
    const { method, initial } = this.#input;
    if (targets.length === 0 && broken && isFinitePart(broken)) {
      throw new PixconError(
        'numerical',
        `${method.name}: losses: the gradient of ${this.#brokenGradient(broken)} must be finite, but is not at step ${step}, though the loss is (total ${broken.total}); look for a square root, norm, logarithm or division at 0 on the way`,
      );
    }
    const values = broken ? { total: broken.total, ...broken.terms } : {};
    await blameFirstStep({ method, initial, step, views, targets, values });
  }

  #compareTerms({ step }: InspectedStep, parts: readonly InspectedPart[]): void {
    const { method, tell } = this.#input;
    for (const { total, terms } of parts) {
      const names = Object.keys(terms);
      const sum = Object.values(terms).reduce((left, right) => left + right, 0);
      if (names.length === 0 || Math.abs(sum - total) <= 1e-2 * Math.abs(total) + 1e-3) continue;
      tell({
        type: 'warning',
        message: `${method.name}: losses: the terms (${names.join(', ')}) must add up to total, but give ${sum.toPrecision(3)} at step ${step}, and total is ${total.toPrecision(3)}; log each with its weight, and other scalars as diagnostics`,
      });
      return;
    }
  }

  async #lookAtGradients({ step, checks }: InspectedStep, parts: readonly InspectedPart[]): Promise<void> {
    const { method, state } = this.#input;
    const where = `${method.name}: losses`;
    const sizes = parts.flatMap(({ gradients }) => [...gradients]);
    if (sizes.length === 0) {
      throw new PixconError(
        'invalid-argument',
        `${where}: total must depend on the parameters of online, but none of its ${state.online.trainable().length} has a gradient; compute it from them, without stopGradient, data() or an operation that has no gradient (argMax, round) on the way`,
      );
    }
    for (const [name, size] of sizes) if (size !== 0) this.#still.delete(name);
    this.#moves ||= sizes.some(([, size]) => size !== 0);
    // Views without overlap may leave a batch nothing to learn from.
    if (this.#moves || (await checks.noMatchCounts())) return;
    throw new PixconError(
      'invalid-argument',
      `${where}: total must change with the parameters of online, but every gradient is 0 at step ${step}; look for a weight of 0, a constant, or an operation that is flat (sign, step, clipByValue beyond its limits) on the way`,
    );
  }

  async #lookAtUpdate({ step, learningRate }: InspectedStep, parts: readonly InspectedPart[]): Promise<void> {
    const { state, optimizer, scaled } = this.#input;
    const [broken] = await brokenOf([...state.online.entries()]);
    const steps = learningRate * Math.max(...parts.flatMap(({ gradients }) => [...gradients.values()]));
    // A learning rate that is far too high has a message of its own.
    if (broken === undefined || scaled || !(steps < 1e12)) return;
    throw new PixconError(
      'numerical',
      `optimizer ${optimizer.name}: update must leave the parameters finite, but ${broken} is not after step ${step}, for finite gradients and a learning rate of ${learningRate}; look at the optimizer`,
    );
  }

  #tellOfStill(): void {
    const { method, tell } = this.#input;
    const { withoutGradient = [] } = method;
    const names = [...this.#still].filter(
      (name) => !withoutGradient.some((prefix) => name.startsWith(prefix)),
    );
    if (names.length === 0) return;
    const count = this.#done === 1 ? 'the first step' : `the first ${this.#done} steps`;
    const list = `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
    tell({
      type: 'warning',
      message: this.#moves
        ? `${names.length} ${names.length === 1 ? 'parameter' : 'parameters'} had no gradient in ${count} and will not learn: ${list}; leave them out, compute the loss from them, or name them in the method's withoutGradient`
        : `nothing was learned in ${count}: the matching gave every cell the weight 0`,
    });
  }
}

function isFinitePart({ total, terms }: InspectedPart): boolean {
  return [total, ...Object.values(terms)].every(Number.isFinite);
}
