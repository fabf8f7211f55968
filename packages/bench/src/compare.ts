import type { Measurement, Spread } from './measurement.ts';
import { ChildFailure } from './run-process.ts';
import { median, spreadOf } from './statistics.ts';

/** Ours over the other's: below 1, ours is faster, or smaller. */
export interface Ratio {
  readonly time: number;
  /** Of processor time over all threads, where both tell. */
  readonly cpuTime?: number;
  readonly memory: number;
  /** Of memory of the device, where both tell. */
  readonly deviceMemory?: number;
  /** Of what the work itself added, where both tell. */
  readonly extraMemory?: number;
}

/** What `--json` writes for a workload. */
export interface WorkloadResult extends Measurement {
  readonly workload: string;
  readonly rounds: number;
  readonly peer?: Measurement;
  readonly ratio?: Ratio;
  /** The same work with stock tfjs kernels, and ours over that. */
  readonly stock?: Measurement;
  readonly stockRatio?: Ratio;
  /** What became of a peer, or of stock kernels, that failed: there is nothing to compare with. */
  readonly failures?: readonly string[];
}

export interface Runners {
  readonly ours: () => Promise<Measurement>;
  readonly peer?: (() => Promise<Measurement>) | undefined;
  readonly stock?: (() => Promise<Measurement>) | undefined;
  readonly rounds: number;
}

/**
 * Runs ours and the others in turn, A B A B, so that a machine that is slow for a while is slow for both, and
 * compares the medians over the rounds. An other whose process fails is asked no more.
 *
 * @throws ChildFailure when the process of ours fails
 */
export async function compare(
  workload: string,
  { ours, peer, stock, rounds }: Runners,
): Promise<WorkloadResult> {
  const ourRuns: Measurement[] = [];
  const others = [otherSide(peer), otherSide(stock)] as const;
  for (let round = 0; round < rounds; round++) {
    ourRuns.push(await ours());
    for (const other of others) await other.run();
  }
  const our = combine(ourRuns);
  const [their, stocks] = others.map(({ result }) => result());
  const failures = others.flatMap(({ failures }) => failures);
  return {
    workload,
    ...our,
    rounds,
    ...(their ? { peer: their, ratio: ratioOf(our, their) } : {}),
    ...(stocks ? { stock: stocks, stockRatio: ratioOf(our, stocks) } : {}),
    ...(failures.length > 0 ? { failures } : {}),
  };
}

/** The runs of one that ours is compared with, until one fails. */
function otherSide(measure: (() => Promise<Measurement>) | undefined) {
  const runs: Measurement[] = [];
  const failures: string[] = [];
  return {
    failures,
    async run(): Promise<void> {
      if (!measure || failures.length > 0) return;
      try {
        runs.push(await measure());
      } catch (error) {
        if (!(error instanceof ChildFailure)) throw error;
        failures.push(error.message);
      }
    },
    result: () => (measure && failures.length === 0 ? combine(runs) : undefined),
  };
}

function ratioOf(our: Measurement, their: Measurement): Ratio {
  const cpu = our.cpuSecondsPerStep !== undefined && their.cpuSecondsPerStep !== undefined;
  const device = our.peakDeviceMiB !== undefined && their.peakDeviceMiB !== undefined;
  const extra = our.extraMiB !== undefined && their.extraMiB !== undefined;
  return {
    time: our.secondsPerStep / their.secondsPerStep,
    ...(cpu ? { cpuTime: (our.cpuSecondsPerStep as number) / (their.cpuSecondsPerStep as number) } : {}),
    memory: our.peakRssMiB / their.peakRssMiB,
    ...(device ? { deviceMemory: (our.peakDeviceMiB as number) / (their.peakDeviceMiB as number) } : {}),
    ...(extra ? { extraMemory: (our.extraMiB as number) / (their.extraMiB as number) } : {}),
  };
}

/** Medians over rounds; the spread covers every step of every round that was told. */
function combine(runs: readonly Measurement[]): Measurement {
  const last = runs.at(-1) as Measurement;
  const medianOf = (
    key:
      | 'secondsPerStep'
      | 'peakRssMiB'
      | 'peakDeviceMiB'
      | 'extraMiB'
      | 'cpuSecondsPerStep'
      | 'wallSecondsPerStep',
  ) => median(runs.map((run) => run[key] as number));
  const optional = (['peakDeviceMiB', 'extraMiB', 'cpuSecondsPerStep', 'wallSecondsPerStep'] as const).filter(
    (key) => last[key] !== undefined,
  );
  const secondsPerStep = medianOf('secondsPerStep');
  return {
    ...last,
    secondsPerStep,
    imagesPerSecond: (last.imagesPerSecond * last.secondsPerStep) / secondsPerStep,
    peakRssMiB: medianOf('peakRssMiB'),
    ...Object.fromEntries(optional.map((key) => [key, medianOf(key)])),
    spread: spreadOf(runs.flatMap(({ spread, secondsPerStep: told }) => bounds(spread, told))),
    steps: runs.reduce((total, { steps }) => total + steps, 0),
  };
}

function bounds(spread: Spread | undefined, told: number): number[] {
  return spread ? [spread.minimum, spread.maximum] : [told];
}
