/** A kernel, or an operation around kernels, that ran. Times in seconds from the start of the recording. */
export interface OperationRecord {
  readonly name: string;
  readonly phase: string;
  /** Shapes of inputs and outputs: `[16, 8, 8, 64] → [16, 8, 8, 64]`. */
  readonly shapes: string;
  readonly start: number;
  readonly duration: number;
  /** Without what ran inside it. */
  readonly self: number;
  /** Processor seconds of all threads, without what ran inside it. */
  readonly processor: number;
  /** Else an operation around kernels, whose bytes are theirs. */
  readonly kernel: boolean;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** A stretch of time that one phase took; phases follow each other, they do not nest. */
export interface PhaseRecord {
  readonly name: string;
  readonly start: number;
  readonly duration: number;
  /** Processor seconds of all threads. */
  readonly processor: number;
  /** Most bytes of all tensors at the end of any operation in it. */
  readonly peakTensorBytes: number;
}

export interface MemorySample {
  readonly time: number;
  readonly tensorBytes: number;
}

/** What the operation looks like before it has run. */
export interface OperationStart {
  readonly name: string;
  readonly shapes: string;
  readonly bytesRead: number;
  /** What runs inside is part of it and not recorded: a kernel that calls kernels. */
  readonly opaque: boolean;
}

interface Frame extends OperationStart {
  readonly start: number;
  readonly processorStart: number;
  inside: number;
  processorInside: number;
}

/** Collects operations and phases on one time line. */
export class Recorder {
  readonly operations: OperationRecord[] = [];
  readonly phases: PhaseRecord[] = [];
  readonly memory: MemorySample[] = [];
  readonly #now: () => number;
  readonly #processor: () => number;
  #origin: number;
  readonly #frames: Frame[] = [];
  #phase:
    | { readonly name: string; readonly start: number; readonly processorStart: number; peak: number }
    | undefined;

  /**
   * Both clocks are in seconds, and given by tests.
   *
   * @param processor time that the threads of this process have run, all together
   */
  constructor(now: () => number = () => performance.now() / 1e3, processor: () => number = processorTime) {
    this.#now = now;
    this.#processor = processor;
    this.#origin = now();
  }

  /** Forgets what was recorded; time starts anew. */
  clear(): void {
    this.operations.length = 0;
    this.phases.length = 0;
    this.memory.length = 0;
    this.#phase = undefined;
    this.#origin = this.#now();
  }

  /** Ends the running phase and starts another one, if any. The same name again goes on with it. */
  phase(name: string | undefined): void {
    if (this.#phase?.name === name) return;
    const time = this.#time();
    if (this.#phase) {
      const { name: ended, start, processorStart, peak } = this.#phase;
      const processor = this.#processor() - processorStart;
      this.phases.push({ name: ended, start, duration: time - start, processor, peakTensorBytes: peak });
    }
    this.#phase =
      name === undefined ? undefined : { name, start: time, processorStart: this.#processor(), peak: 0 };
  }

  get currentPhase(): string | undefined {
    return this.#phase?.name;
  }

  /** False between phases and inside an opaque operation: nothing is recorded there. */
  get recording(): boolean {
    return this.#phase !== undefined && this.#frames.at(-1)?.opaque !== true;
  }

  /** Runs `work` as an operation; `finish` tells the result's bytes and shapes, and the bytes of all tensors. */
  operation<T>(
    start: OperationStart,
    work: () => T,
    finish: (result: T) => {
      readonly bytesWritten: number;
      readonly shapes: string;
      readonly tensorBytes: number;
    },
  ): T {
    if (!this.recording) return work();
    const phase = this.#phase?.name as string;
    const frame: Frame = {
      ...start,
      start: this.#time(),
      processorStart: this.#processor(),
      inside: 0,
      processorInside: 0,
    };
    this.#frames.push(frame);
    let result: T;
    try {
      result = work();
    } finally {
      this.#frames.pop();
    }
    const end = this.#time();
    const duration = end - frame.start;
    const processor = this.#processor() - frame.processorStart;
    const { bytesWritten, shapes, tensorBytes } = finish(result);
    const parent = this.#frames.at(-1);
    if (parent) {
      parent.inside += duration;
      parent.processorInside += processor;
    }
    this.operations.push({
      name: start.name,
      phase,
      shapes: `${start.shapes} → ${shapes}`,
      start: frame.start,
      duration,
      self: duration - frame.inside,
      processor: processor - frame.processorInside,
      kernel: start.opaque,
      bytesRead: start.bytesRead,
      bytesWritten,
    });
    this.memory.push({ time: end, tensorBytes });
    if (this.#phase) this.#phase.peak = Math.max(this.#phase.peak, tensorBytes);
    return result;
  }

  #time(): number {
    return this.#now() - this.#origin;
  }
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
