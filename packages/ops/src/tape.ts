import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { GradientSums } from './gradient-sums.ts';

interface TapeNode {
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, tf.Tensor | undefined>>;
  readonly outputs: readonly tf.Tensor[];
  readonly gradient?: (dys: (tf.Tensor | null)[]) => Record<string, () => tf.Tensor>;
  readonly saved?: readonly tf.Tensor[];
}

/** What the engine calls itself to record; private only to its types. */
interface RecordingEngine {
  startTape(): void;
  endTape(): void;
  /** Takes an id: every tensor with a greater one was made later. */
  nextTensorId(): number;
  readonly state: { gradientDepth: number; activeTape: TapeNode[] | null };
}

/**
 * The value of `f` and its gradients with respect to `xs`, as the engine's own `gradients`, but every saved
 * activation and every gradient is freed at its last use instead of at the end, so that the backward pass needs
 * little beyond what the forward pass holds already.
 *
 * @param options.before in the order of `xs`: gradients that the new ones are added to, taken over
 * @param options.dy gradient of the value, which stays the caller's; needed unless the value is a scalar
 * @returns the gradients in the order of `xs`, undefined where `f` does not depend on one
 */
export function backpropagate<Value extends tf.Tensor>(
  f: () => Value,
  xs: readonly tf.Tensor[],
  options: { readonly before?: readonly (tf.Tensor | undefined)[]; readonly dy?: tf.Tensor } = {},
): { value: Value; gradients: (tf.Tensor | undefined)[] } {
  const { before = [], dy } = options;
  const engine = tf.engine() as unknown as RecordingEngine;
  if (engine.state.gradientDepth > 0) {
    // Inside another differentiation the outer tape needs everything.
    const { value, grads } = tf.engine().gradients(f, [...xs], dy as tf.Tensor, true);
    return { value: value as Value, gradients: grads.map((gradient, i) => sum(before[i], gradient)) };
  }
  // Not null inside the backward pass of the engine's own differentiation, which needs it afterwards.
  const outer = engine.state.activeTape;
  const remaining = new Set<TapeNode>();
  try {
    engine.startTape();
    let value: Value;
    try {
      value = tf.tidy(f);
    } finally {
      engine.endTape();
      for (const node of engine.state.activeTape ?? []) remaining.add(node);
      engine.state.activeTape = outer;
    }
    try {
      return {
        value,
        gradients: tf.tidy(() =>
          walkBack([...remaining], value, dy, xs, before, (node) => free(node, remaining)),
        ),
      };
    } catch (error) {
      value.dispose();
      throw error;
    }
  } catch (error) {
    tf.dispose([...before]);
    throw error;
  } finally {
    for (const node of remaining) free(node, remaining);
  }
}

function free(node: TapeNode, remaining: Set<TapeNode>): void {
  remaining.delete(node);
  for (const tensor of node.saved ?? []) tensor.dispose();
}

function walkBack(
  tape: readonly TapeNode[],
  value: tf.Tensor,
  dy: tf.Tensor | undefined,
  xs: readonly tf.Tensor[],
  before: readonly (tf.Tensor | undefined)[],
  done: (node: TapeNode) => void,
): (tf.Tensor | undefined)[] {
  const dependent = reachedFrom(tape, xs);
  const gradients = new GradientSums();
  gradients.add(value.id, dy ? tf.clone(dy) : tf.scalar(1));
  xs.forEach(({ id }, i) => {
    const start = before[i];
    if (start) gradients.start(id, start);
  });
  for (const node of [...tape].reverse()) {
    const dys = node.outputs.map(({ id }) => gradients.get(id) ?? null);
    const names = Object.keys(node.inputs).filter((name) => {
      const input = node.inputs[name];
      return input && dependent.has(input.id);
    });
    if (names.length > 0 && dys.some((dy) => dy !== null)) {
      const parts = tf.tidy(() => inputGradients(node, dys, names));
      names.forEach((name, i) => {
        gradients.add((node.inputs[name] as tf.Tensor).id, parts[i] as tf.Tensor);
      });
    }
    done(node);
    // Every use of an output lies further on the tape, so its gradient has served.
    for (const { id } of node.outputs) {
      if (xs.some((x) => x.id === id)) continue;
      gradients.dispose(id);
    }
  }
  return xs.map(({ id }) => gradients.get(id));
}

/** The ids of all tensors that depend on `xs` smoothly: whole and logical numbers end a path, as in PyTorch. */
function reachedFrom(tape: readonly TapeNode[], xs: readonly tf.Tensor[]): Set<number> {
  const reached = new Set(xs.map(({ id }) => id));
  for (const { inputs, outputs } of tape) {
    // An input that was left out is there, as undefined.
    if (Object.values(inputs).some((input) => input && reached.has(input.id)))
      for (const { id, dtype } of outputs) if (dtype !== 'int32' && dtype !== 'bool') reached.add(id);
  }
  return reached;
}

/** New tensors, none shared: a gradient function may hand on `dy`, a tensor of its closure, or one tensor twice. */
function inputGradients(node: TapeNode, dys: (tf.Tensor | null)[], names: readonly string[]): tf.Tensor[] {
  const firstNew = (tf.engine() as unknown as RecordingEngine).nextTensorId();
  const byName = node.gradient?.(dys);
  if (!byName) {
    throw new PixconError(
      'invalid-argument',
      `valueAndGradients: ${node.kernelName} has no gradient; use another operation, or stopGradient before it`,
    );
  }
  const taken = new Set<tf.Tensor>();
  return names.map((name) => {
    const gradient = byName[name]?.();
    const { shape } = node.inputs[name] as tf.Tensor;
    if (!gradient || String(gradient.shape) !== String(shape)) {
      throw new PixconError(
        'invalid-shape',
        `valueAndGradients: ${node.kernelName} must give input ${name} a gradient of shape ` +
          `[${shape.join(', ')}], got ${gradient ? `[${gradient.shape.join(', ')}]` : 'none'}`,
      );
    }
    const own = gradient.id < firstNew || taken.has(gradient) ? tf.clone(gradient) : gradient;
    taken.add(gradient);
    return own;
  });
}

/** Takes both over. */
function sum(before: tf.Tensor | undefined, part: tf.Tensor | undefined): tf.Tensor | undefined {
  if (!before || !part) return before ?? part;
  const total = tf.add(before, part);
  tf.dispose([before, part]);
  return total;
}
