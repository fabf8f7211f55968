import { type ParameterSet, type ParameterSpec, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

/** The momentum buffers of an optimizer, by parameter name. */
export class Velocities {
  readonly #name: string;
  readonly #variables = new Map<string, tf.Variable>();

  /** @param name of the optimizer, for messages */
  constructor(name: string) {
    this.#name = name;
  }

  get(name: string): tf.Variable | undefined {
    return this.#variables.get(name);
  }

  set(name: string, velocity: tf.Variable | undefined): void {
    if (velocity) this.#variables.set(name, velocity);
  }

  /** Starts the velocities of all trainable parameters at 0, which have none yet. */
  prepare(parameters: ParameterSet): void {
    for (const { name } of parameters.trainable()) {
      if (this.#variables.has(name)) continue;
      this.#variables.set(
        name,
        tf.tidy(() => tf.variable(tf.zerosLike(parameters.get(name)), false)),
      );
    }
  }

  state(): ReadonlyMap<string, tf.Tensor> {
    return this.#variables;
  }

  restore(state: ReadonlyMap<string, tf.Tensor>): void {
    // Copied before anything is freed: the state may be this one's own.
    const copies = [...state].map(([name, value]) => [name, copy(value)] as const);
    this.dispose();
    for (const [name, variable] of copies) this.#variables.set(name, variable);
  }

  dispose(): void {
    for (const variable of this.#variables.values()) variable.dispose();
    this.#variables.clear();
  }

  /**
   * The parameters that have a gradient, in the order of `parameters`: the order of updates, and of the state in
   * checkpoints, must not depend on how gradients were collected.
   *
   * @throws PixconError `invalid-argument` for a gradient without a trainable parameter of its name
   */
  match(parameters: ParameterSet, gradients: ReadonlyMap<string, tf.Tensor>): ParameterSpec[] {
    const specs = parameters.trainable().filter(({ name }) => gradients.has(name));
    if (specs.length < gradients.size) {
      const known = new Set(specs.map((spec) => spec.name));
      const stranger = [...gradients.keys()].find((name) => !known.has(name));
      throw new PixconError(
        'invalid-argument',
        `${this.#name}.update: no trainable parameter is named ${stranger}; give gradients of these parameters only`,
      );
    }
    return specs;
  }
}

function copy(value: tf.Tensor): tf.Variable {
  return tf.tidy(() => tf.variable(tf.clone(value), false));
}
