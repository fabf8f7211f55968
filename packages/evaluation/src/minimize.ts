/** A function's value and gradient at a point. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface MinimizeOptions {
  /** Stop when no entry of the gradient is larger. Default 1e-5. */
  readonly tolerance?: number;
  /** Default 500. */
  readonly maximumIterations?: number;
  /** Steps remembered for the curvature. Default 10. */
  readonly memory?: number;
  /**
   * How far off the values may be, as a share of them. Differences below it say nothing, and slopes decide. Default
   * 0.
   */
  readonly valueError?: number;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  /** Largest entry of the gradient, in absolute value. */
  readonly gradientNorm: number;
  readonly iterations: number;
  /** False when iterations ran out, or rounding left no step that goes down. */
  readonly converged: boolean;
}

type Objective = (point: Float64Array) => Promise<Evaluation>;

interface Place extends Evaluation {
  readonly point: Float64Array;
}

/**
 * L-BFGS with a line search that meets the strong Wolfe conditions, in float64. Values of limited precision are
 * compared with an allowance, as in Hager and Zhang's approximate Wolfe conditions: the gradient tells a minimum
 * apart long after the values have stopped to.
 *
 * @see Nocedal and Wright, Numerical Optimization (2nd ed.), algorithms 7.4, 7.5, 3.5 and 3.6; Hager and Zhang 2005,
 *   SIAM J. Optim. 16(1), section 2
 */
export async function minimize(
  objective: Objective,
  start: Float64Array,
  options: MinimizeOptions = {},
): Promise<Minimum> {
  const { tolerance = 1e-5, maximumIterations = 500, memory = 10, valueError = 0 } = options;
  let here: Place = { point: start, ...(await objective(start)) };
  let history: Step[] = [];
  let iterations = 0;
  let converged = largest(here.gradient) <= tolerance;
  while (!converged && iterations < maximumIterations) {
    const direction = descentDirection(here.gradient, history);
    const first = history.length > 0 ? 1 : Math.min(1, 1 / Math.sqrt(dot(here.gradient, here.gradient)));
    const next = await lineSearch(objective, here, direction, first, valueError);
    if (!next) {
      if (history.length === 0) break;
      // The remembered curvature may mislead: steepest descent is the last resort.
      history = [];
      continue;
    }
    const moved = difference(next.point, here.point);
    const turned = difference(next.gradient, here.gradient);
    const curvature = dot(moved, turned);
    if (curvature > 1e-14 * dot(turned, turned)) {
      history = [...history, { moved, turned, curvature }].slice(-memory);
    }
    here = next;
    iterations += 1;
    converged = largest(here.gradient) <= tolerance;
  }
  return {
    point: here.point,
    value: here.value,
    gradientNorm: largest(here.gradient),
    iterations,
    converged,
  };
}

interface Step {
  readonly moved: Float64Array;
  readonly turned: Float64Array;
  readonly curvature: number;
}

/** The two-loop recursion: minus the inverse Hessian's estimate times the gradient. */
function descentDirection(gradient: Float64Array, history: readonly Step[]): Float64Array {
  const direction = gradient.map((value) => -value);
  const shares: number[] = [];
  for (const { moved, turned, curvature } of [...history].reverse()) {
    const share = dot(moved, direction) / curvature;
    shares.push(share);
    addScaled(direction, turned, -share);
  }
  const latest = history.at(-1);
  if (latest) {
    const scale = latest.curvature / dot(latest.turned, latest.turned);
    for (let at = 0; at < direction.length; at++) direction[at] = (direction[at] as number) * scale;
  }
  for (const { moved, turned, curvature } of history) {
    const share = shares.pop() as number;
    addScaled(direction, moved, share - dot(turned, direction) / curvature);
  }
  return direction;
}

const sufficientDecrease = 1e-4;
const curvatureShare = 0.9;

interface Trial {
  readonly step: number;
  readonly place: Place;
  readonly slope: number;
}

/** A point along `direction` that meets the strong Wolfe conditions, or the lowest tried; none when none is lower. */
async function lineSearch(
  objective: Objective,
  origin: Place,
  direction: Float64Array,
  first: number,
  valueError: number,
): Promise<Place | undefined> {
  const slope = dot(origin.gradient, direction);
  if (!(slope < 0)) return undefined;
  const attempt = async (step: number): Promise<Trial> => {
    const point = Float64Array.from(origin.point);
    addScaled(point, direction, step);
    const evaluation = await objective(point);
    return { step, place: { point, ...evaluation }, slope: dot(evaluation.gradient, direction) };
  };
  const allowance = valueError * Math.abs(origin.value);
  const tooHigh = ({ step, place }: Trial) =>
    !(place.value <= origin.value + sufficientDecrease * step * slope + allowance);
  const flat = (trial: Trial) => Math.abs(trial.slope) <= -curvatureShare * slope;

  let low: Trial = { step: 0, place: origin, slope };
  let high: Trial | undefined;
  let step = first;
  for (let trials = 0; trials < 25; trials++) {
    const trial = await attempt(step);
    if (tooHigh(trial) || trial.place.value > low.place.value + allowance) high = trial;
    else {
      if (flat(trial)) return trial.place;
      // The interval keeps the end from which the function falls towards the other one.
      const end = high?.step ?? Number.POSITIVE_INFINITY;
      if (trial.slope * (end - low.step) >= 0) high = low;
      low = trial;
    }
    if (!high) step = 2 * trial.step;
    else {
      step = interpolate(low, high, allowance);
      if (Math.abs(high.step - low.step) <= 1e-12 * Math.abs(step)) break;
    }
  }
  return low.place.value < origin.value ? low.place : undefined;
}

/**
 * The minimum of the cubic through both trials, kept inside the middle four fifths of the interval; where their
 * values do not differ, of the parabola that has their slopes.
 */
function interpolate(low: Trial, high: Trial, allowance: number): number {
  const width = high.step - low.step;
  const rise = high.place.value - low.place.value;
  let step: number;
  if (Math.abs(rise) <= allowance) step = low.step - (low.slope * width) / (high.slope - low.slope);
  else {
    const slopes = low.slope + high.slope - (3 * rise) / width;
    const root = Math.sign(width) * Math.sqrt(slopes * slopes - low.slope * high.slope);
    step = high.step - (width * (high.slope + root - slopes)) / (high.slope - low.slope + 2 * root);
  }
  if (!Number.isFinite(step)) return low.step + width / 2;
  const least = Math.min(low.step, high.step) + 0.1 * Math.abs(width);
  return Math.min(Math.max(step, least), least + 0.8 * Math.abs(width));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number);
  return sum;
}

function addScaled(target: Float64Array, source: Float64Array, scale: number): void {
  for (let at = 0; at < target.length; at++) {
    target[at] = (target[at] as number) + scale * (source[at] as number);
  }
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, at) => value - (b[at] as number));
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
