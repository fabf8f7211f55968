import {
  assertNumber,
  type Losses,
  type LossPart,
  type Method,
  type MethodState,
  PixconError,
  type Targets,
} from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';

/** What else a record of metrics holds: a scalar of a method of such a name would hide it, or be hidden. */
const taken = [
  ...['step', 'epoch', 'loss', 'chance', 'learningRate', 'targetMomentum', 'queueFilled', 'imagesPerSecond'],
  ...['residentMiB', 'tensorMiB', 'lossScale', 'overflow'],
];

/** @throws PixconError `invalid-argument` for a state that lacks what its method declares */
export function assertState(method: Method, state: MethodState): void {
  const { backbone, backbonePrefix, name } = method;
  const missing = backbone.parameters.find((spec) => !state.online?.has(`${backbonePrefix}.${spec.name}`));
  if (missing) {
    throw refuse(
      `${name}: initialize must give online the parameters of the backbone under the prefix ${backbonePrefix}, and ${backbonePrefix}.${missing.name} is not there`,
    );
  }
  if (state.online.trainable().length === 0) {
    throw refuse(`${name}: initialize must give online parameters to train, but all of them are buffers`);
  }
  assertQueues(method, state);
}

/** @throws PixconError `invalid-argument` for a queue whose keys are not as it says */
export function assertQueues(method: Method, { queues }: MethodState): void {
  for (const [name, { keys, length, dim, filled }] of Object.entries(queues)) {
    const where = `${method.name}: queue ${name}`;
    assertNumber(where, 'length', length, { minimum: 1, integer: true });
    assertNumber(where, 'filled', filled, { minimum: 0, maximum: length, integer: true });
    const shape: readonly number[] | undefined = keys?.shape;
    if (shape?.length !== 2 || shape[0] !== length || shape[1] !== dim) {
      const got = shape ? `[${shape.join(', ')}]` : String(keys);
      throw refuse(`${where}: keys must have shape [${length}, ${dim}], its length and dim, got ${got}`);
    }
  }
}

/** @throws PixconError `invalid-argument` for targets that are no tensors */
export function assertTargets({ name }: Method, targets: Targets): void {
  if (typeof targets !== 'object' || targets === null || isTensor(targets))
    throw refuse(`${name}: encodeTargets must return tensors by name, got ${describe(targets)}`);
  for (const [target, tensor] of Object.entries(targets)) {
    if (!isTensor(tensor))
      throw refuse(`${name}: encodeTargets: ${target} must be a tensor, got ${describe(tensor)}`);
  }
}

/** @throws PixconError `invalid-argument` for what is no list of functions */
export function assertLossParts({ name }: Method, parts: readonly LossPart[]): void {
  if (Array.isArray(parts) && parts.length > 0 && parts.every((part) => typeof part === 'function')) return;
  const got = Array.isArray(parts)
    ? `a list of ${parts.map(describe).join(', ') || 'nothing'}`
    : describe(parts);
  throw refuse(`${name}: losses must return a list of functions, one for each part of the loss, got ${got}`);
}

/** @throws PixconError `invalid-shape` for what is no scalar, `invalid-argument` for what is no tensor, or a name that is taken */
export function assertLosses({ name }: Method, losses: Losses): void {
  const where = `${name}: losses`;
  assertScalar(where, 'total', losses?.total);
  if (losses.total.dtype !== 'float32')
    throw refuse(`${where}: total must be of float32, got ${losses.total.dtype}`);
  for (const kind of ['terms', 'diagnostics'] as const) {
    if (typeof losses[kind] !== 'object' || losses[kind] === null)
      throw refuse(`${where}: ${kind} must be scalars by name, got ${describe(losses[kind])}`);
    for (const [scalar, value] of Object.entries(losses[kind])) {
      assertScalar(where, `${kind}.${scalar}`, value);
      if (taken.includes(scalar))
        throw refuse(`${where}: ${kind} has a ${scalar}, which a record of metrics has already; rename it`);
    }
  }
}

function assertScalar(where: string, what: string, value: tf.Tensor | undefined): void {
  if (!isTensor(value)) throw refuse(`${where}: ${what} must be a scalar, got ${describe(value)}`);
  if (value.rank === 0) return;
  throw new PixconError(
    'invalid-shape',
    `${where}: ${what} must be a scalar, got shape [${value.shape.join(', ')}]; average it, or add it up`,
  );
}

function isTensor(value: unknown): value is tf.Tensor {
  const { dtype, shape } = (value ?? {}) as Partial<tf.Tensor>;
  return typeof dtype === 'string' && Array.isArray(shape);
}

function describe(value: unknown): string {
  if (isTensor(value)) return 'a tensor';
  if (Array.isArray(value)) return 'an array';
  return value === null || typeof value === 'undefined' ? String(value) : `a ${typeof value}`;
}

function refuse(message: string): PixconError {
  return new PixconError('invalid-argument', message);
}
