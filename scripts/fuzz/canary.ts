import childProcess from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';

/** What the hostile files try to make: a file or a global of this name. */
export const canary = 'fuzz_canary';

const prototypes = { Object, Array, Function, Map, Set, String, Number, Promise, Error, Uint8Array, RegExp };

const describePrototypes = () =>
  JSON.stringify(
    Object.entries(prototypes).map(([name, { prototype }]) => [name, Reflect.ownKeys(prototype).length]),
  );

/**
 * Watches for code of a file being executed: a process that is started, a property on a prototype that all objects
 * share, a global, a file in the folder at hand. Code from text cannot run at all: Node is started without `eval`.
 *
 * @returns what happened since the last call, or `undefined`
 */
export function watchForCode(): () => string | undefined {
  let started: string | undefined;
  for (const name of [
    'spawn',
    'spawnSync',
    'exec',
    'execSync',
    'execFile',
    'execFileSync',
    'fork',
  ] as const) {
    Object.assign(childProcess, {
      [name]: () => {
        started = `child_process.${name} was called`;
        throw new Error(started);
      },
    });
  }
  syncBuiltinESMExports();
  const { prototype } = createRequire(import.meta.url)('node:child_process').ChildProcess;
  prototype.spawn = () => {
    started = 'a process was started';
    throw new Error(started);
  };
  const before = describePrototypes();
  const globals = new Set(Reflect.ownKeys(globalThis));
  const files = new Set(readdirSync('.'));
  return () => {
    if (started !== undefined) return started;
    if (describePrototypes() !== before) return 'a prototype that all objects share was changed';
    const global = Reflect.ownKeys(globalThis).find((name) => !globals.has(name));
    if (global !== undefined) return `the global ${String(global)} was made`;
    const file = readdirSync('.').find((name) => !files.has(name));
    return file === undefined ? undefined : `the file ${file} was made`;
  };
}
