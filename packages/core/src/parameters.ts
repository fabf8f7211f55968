import * as tf from '@tensorflow/tfjs-core';
import { PixconError } from './errors.ts';
import type { RandomStream } from './random.ts';

/**
 * How a parameter lies in files (PyTorch's layout) against memory (ours):
 * - `convolution`: file OIHW, memory HWIO
 * - `pointwise`: file OI11 (a 1×1 convolution), memory IO (a matrix applied to every cell)
 * - `linear`: file OI, memory IO
 * - `vector`: the same in both
 */
export type ParameterLayout = 'convolution' | 'pointwise' | 'linear' | 'vector';

/** What a parameter is for; LARS leaves biases and normalisation out, optimizers skip buffers. */
export type ParameterRole = 'weight' | 'bias' | 'normalization' | 'buffer';

/** A parameter or buffer that a module declares. */
export interface ParameterSpec {
  /** torchvision's name inside the module, such as `layer1.0.conv1.weight`. */
  readonly name: string;
  /** Shape in memory. */
  readonly shape: readonly number[];
  readonly layout: ParameterLayout;
  readonly role: ParameterRole;
  /** The initial value of each element, called in the order of memory. */
  readonly initialize: (random: RandomStream, index: number) => number;
}

/** Read access to named parameters: what a module's `apply` gets. */
export interface Parameters {
  get(name: string): tf.Variable;
}

/** Specs as a parent sees them: `prefix` is put before each name. */
export function prefixSpecs(prefix: string, specs: readonly ParameterSpec[]): ParameterSpec[] {
  return specs.map((spec) => ({ ...spec, name: `${prefix}.${spec.name}` }));
}

/** The parameters below `prefix`, by their names inside the module. */
export function scoped(parameters: Parameters, prefix: string): Parameters {
  return { get: (name) => parameters.get(`${prefix}.${name}`) };
}

/**
 * The parameters and buffers of a network: named variables in a fixed order. It owns its variables.
 *
 * @example
 * const online = ParameterSet.create(head.parameters, new RandomStream(0));
 * const target = online.clone();
 * target.get('0.weight').shape; // => [512, 2048]
 */
export class ParameterSet implements Parameters {
  readonly specs: readonly ParameterSpec[];
  readonly #variables: ReadonlyMap<string, tf.Variable>;

  private constructor(specs: readonly ParameterSpec[], variables: ReadonlyMap<string, tf.Variable>) {
    this.specs = specs;
    this.#variables = variables;
  }

  /**
   * Initial values drawn from `random`, one fork per name: adding a parameter changes no other.
   *
   * @throws PixconError `invalid-argument` when two specs share a name, or an initial value is no number
   */
  static create(specs: readonly ParameterSpec[], random: RandomStream): ParameterSet {
    const twice = specs.find(({ name }, index) => specs.findIndex((spec) => spec.name === name) < index);
    if (twice)
      throw new PixconError('invalid-argument', `ParameterSet: two parameters are named ${twice.name}`);
    const variables = new Map<string, tf.Variable>();
    // One for all: many large arrays would stay in memory until a garbage collection, which need not come.
    const values = new Float32Array(Math.max(0, ...specs.map(sizeOf)));
    for (const spec of specs) {
      const stream = random.fork(spec.name);
      const own = values.subarray(0, sizeOf(spec));
      for (let index = 0; index < own.length; index++) own[index] = spec.initialize(stream, index);
      if (own.some(Number.isNaN)) {
        tf.dispose([...variables.values()]);
        throw new PixconError(
          'invalid-argument',
          `ParameterSet: initialize of ${spec.name} must give a number for each of its ${own.length} elements`,
        );
      }
      variables.set(spec.name, toVariable(moved(tf.tensor(own, [...spec.shape])), spec));
    }
    return new ParameterSet(specs, variables);
  }

  /** @throws PixconError `invalid-argument` for an unknown name */
  get(name: string): tf.Variable {
    const variable = this.#variables.get(name);
    if (variable) return variable;
    throw new PixconError('invalid-argument', `ParameterSet: no parameter is named ${name}`);
  }

  has(name: string): boolean {
    return this.#variables.has(name);
  }

  entries(): IterableIterator<[string, tf.Variable]> {
    return this.#variables.entries();
  }

  /** The specs of parameters with a gradient: all but buffers. */
  trainable(): ParameterSpec[] {
    return this.specs.filter((spec) => spec.role !== 'buffer');
  }

  /** A copy with variables of its own; only names that `keep` accepts. */
  clone(keep: (name: string) => boolean = () => true): ParameterSet {
    const specs = this.specs.filter((spec) => keep(spec.name));
    const variables = new Map<string, tf.Variable>();
    for (const spec of specs) {
      // Not tf.clone, which shares the memory until one of the two is updated: a copy that is made then lies scattered
      // over the memory of a step's activations, and no large tensor fits between any more.
      variables.set(spec.name, toVariable(copied(this.get(spec.name)), spec));
    }
    return new ParameterSet(specs, variables);
  }

  /** Frees every variable. */
  dispose(): void {
    for (const variable of this.#variables.values()) variable.dispose();
  }
}

/** Takes ownership of `value`. */
function toVariable(value: tf.Tensor, spec: ParameterSpec): tf.Variable {
  const variable = tf.variable(value, spec.role !== 'buffer');
  value.dispose();
  return variable;
}

function sizeOf({ shape }: ParameterSpec): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** The same values in memory of the backend; what they came from is disposed, and its array free for other values. */
function moved(tensor: tf.Tensor): tf.Tensor {
  const copy = copied(tensor);
  tensor.dispose();
  return copy;
}

/** The same values in memory of its own. */
function copied(tensor: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.mul(tensor, 1));
}
