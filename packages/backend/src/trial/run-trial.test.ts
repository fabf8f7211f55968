import { describe, expect, it } from 'vitest';
import { type TrialResult, watchTrial } from './run-trial.ts';

function watch(script: string, patience = 30_000): Promise<TrialResult | undefined> {
  const tell = "const tell = (line) => require('node:fs').writeSync(3, line + '\\n'); tell('its start');";
  const list = ['-e', tell + script];
  return watchTrial({ program: process.execPath, arguments: list, environment: process.env, patience });
}

describe('watchTrial', () => {
  it('tells that all went well', async () => {
    expect(await watch("tell('a'); tell('done');")).toEqual({ died: false });
    // An end that comes later is not of the operations.
    expect(await watch("tell('done'); process.kill(process.pid, 'SIGSEGV');")).toEqual({ died: false });
  });

  it('hears of TensorFlow whether it computes by oneDNN', async () => {
    const script = "console.error('oneDNN custom operations are on. You may see …'); tell('done');";
    expect(await watch(script)).toEqual({ died: false, remark: 'with oneDNN' });
  });

  it.each(['SIGFPE', 'SIGSEGV', 'SIGILL', 'SIGBUS', 'SIGABRT'] as const)(
    'tells %s, and where',
    async (signal) => {
      const ended = await watch(`tell('a product'); process.kill(process.pid, '${signal}');`);
      expect(ended).toEqual({ died: true, how: `by ${signal}`, during: 'a product', lasting: true });
    },
  );

  it('takes a signal from outside for this time only', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM']) {
      const ended = await watch(`process.kill(process.pid, '${signal}'); setTimeout(() => {}, 1e4);`);
      expect(ended).toEqual({ died: true, how: `by ${signal}`, during: 'its start', lasting: false });
    }
  });

  it('gives the words of one that aborts', async () => {
    expect(await watch("console.error('a\\nCheck failed: x > 0'); process.abort();")).toMatchObject({
      how: expect.stringMatching(/^by SIGABRT \(.+\)$/),
    });
  });

  it('gives up one that hangs', async () => {
    expect(await watch("tell('a product'); setTimeout(() => {}, 1e5);", 2000)).toEqual({
      died: true,
      how: 'after 2 seconds without an answer',
      during: 'a product',
      lasting: true,
    });
  });

  it('tells an exit that nobody asked for, and a lost device', async () => {
    expect(await watch('process.exit(0);')).toMatchObject({ how: 'with exit code 0', during: 'its start' });
    expect(await watch("tell('a product'); tell('lost'); process.exit(1);")).toMatchObject({
      how: 'by a lost device',
      during: 'a product',
    });
  });

  it('is of no account where an error is thrown, or nothing starts', async () => {
    expect(await watch("tell('failed'); process.exit(1);")).toBeUndefined();
    const nothing = { arguments: ['-e', 'syntax error'], environment: process.env, patience: 30_000 };
    expect(await watchTrial({ ...nothing, program: process.execPath })).toBeUndefined();
    expect(await watchTrial({ ...nothing, program: '/nowhere/node' })).toBeUndefined();
  });
});
