import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Interrupts, watchInterrupts } from './interrupts.ts';

let interrupts: Interrupts | undefined;
afterEach(() => {
  interrupts?.stop();
  vi.restoreAllMocks();
});

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (name, code) => {
  it('aborts and tells its name and exit code; a second one ends the process', () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    const told: string[] = [];
    interrupts = watchInterrupts((signal) => told.push(signal));
    expect([interrupts.signal.aborted, interrupts.exitCode()]).toEqual([false, undefined]);
    process.emit(name);
    expect([interrupts.signal.aborted, interrupts.exitCode(), told]).toEqual([true, code, [name]]);
    expect(exit).not.toHaveBeenCalled();
    process.emit(name);
    expect(exit).toHaveBeenCalledWith(code);
  });

  it('is given back to Node', () => {
    const before = process.listenerCount(name);
    interrupts = watchInterrupts(() => undefined);
    expect(process.listenerCount(name)).toBe(before + 1);
    interrupts.stop();
    expect(process.listenerCount(name)).toBe(before);
  });
});
