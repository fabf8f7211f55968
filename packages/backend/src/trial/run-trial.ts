import { importNode } from '../node-modules.ts';
import { lines, type TrialRequest } from './request.ts';

/** How a trial ended; `undefined` stands for one that could not be held. */
export type TrialResult =
  | {
      readonly died: false;
      /** What it has told of itself: `with oneDNN`. */
      readonly remark?: string;
    }
  | {
      readonly died: true;
      /** Goes after "ended": `by SIGFPE`, `after 30 seconds without an answer`. */
      readonly how: string;
      /** What it was at: `a 1×1 convolution of 512 channels to 2048`. */
      readonly during: string;
      /** False where it may have been ended from outside, by hand or for want of memory. */
      readonly lasting: boolean;
    };

export interface TrialProcess {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A child that says nothing for so many milliseconds is given up. */
  readonly patience: number;
}

/** Signals by which the processor or the library itself ends a process. */
const faults = new Set(['SIGFPE', 'SIGSEGV', 'SIGILL', 'SIGBUS', 'SIGABRT', 'SIGTRAP', 'SIGSYS']);

/**
 * Computes what a training step takes in a process of its own, which may die of it.
 *
 * @returns `undefined` where no process can be started, or it has failed in a way that this one would survive and tell
 */
export async function runTrial(
  request: TrialRequest,
  settings: Readonly<Record<string, string>>,
  patience: number,
): Promise<TrialResult | undefined> {
  const found = await childProgram();
  if (found === undefined) return undefined;
  return await watchTrial({
    program: process.execPath,
    arguments: [...found, JSON.stringify(request)],
    environment: {
      ...process.env,
      ...settings,
      PIXCON_TRIAL: '0',
      // Of a program around this one: inspectors, loaders, limits.
      NODE_OPTIONS: undefined,
      ELECTRON_RUN_AS_NODE: '1',
    },
    patience,
  });
}

/** Starts a child that writes what it is at, a line each, to its fourth stream, and waits for its end. */
export async function watchTrial({
  program,
  arguments: list,
  environment,
  patience,
}: TrialProcess): Promise<TrialResult | undefined> {
  const { spawn } = await importNode('node:child_process');
  return new Promise((resolve) => {
    const start = () =>
      spawn(program, list, {
        env: { ...environment } as NodeJS.ProcessEnv,
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
        windowsHide: true,
      });
    let child: ReturnType<typeof start>;
    try {
      child = start();
    } catch {
      // Node's permission model throws at once.
      resolve(undefined);
      return;
    }
    let told = '';
    let errors = '';
    let silent = false;
    const giveUp = () => {
      silent = true;
      child.kill('SIGKILL');
    };
    let timer = setTimeout(giveUp, patience);
    child.stdio[3]?.on('data', (chunk) => {
      told += chunk;
      clearTimeout(timer);
      timer = setTimeout(giveUp, patience);
    });
    child.stderr?.on('data', (chunk) => {
      errors = (errors + chunk).slice(-2000);
    });
    child.on('error', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(resultOf({ told, errors, code, signal, silent: silent ? patience : undefined }));
    });
  });
}

interface End {
  readonly told: string;
  readonly errors: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly silent: number | undefined;
}

function resultOf({ told, errors, code, signal, silent }: End): TrialResult | undefined {
  const heard = told.split('\n').filter((line) => line !== '');
  const lost = heard.at(-1) === lines.lost;
  const last = heard.at(lost ? -2 : -1);
  if (last === undefined || last === lines.failed) return undefined;
  if (last === lines.done && !lost) return { died: false, ...remarkOf(errors) };
  const died = (how: string, lasting = true) => ({ died: true, how, during: last, lasting }) as const;
  if (silent !== undefined) return died(`after ${silent / 1000} seconds without an answer`);
  if (lost) return died('by a lost device');
  if (signal === null) return died(`with exit code ${code}`);
  // Who aborts says why; other last lines are of no account.
  const words = signal === 'SIGABRT' ? errors.trim().split('\n').at(-1) : undefined;
  return died(`by ${signal}${words ? ` (${words.slice(0, 200)})` : ''}`, faults.has(signal));
}

/** TensorFlow says when it is loaded whether it computes by oneDNN, which depends on the processor; nothing else does. */
function remarkOf(errors: string): { readonly remark?: string } {
  return errors.includes('oneDNN custom operations are on') ? { remark: 'with oneDNN' } : {};
}

/** Node's arguments that run the child; `undefined` in a bundle, and for other runtimes. */
async function childProgram(): Promise<string[] | undefined> {
  if ('Bun' in globalThis || 'Deno' in globalThis) return undefined;
  const [
    { existsSync, readFileSync },
    { createRequire },
    { dirname, join },
    { fileURLToPath, pathToFileURL },
  ] = await Promise.all([
    importNode('node:fs'),
    importNode('node:module'),
    importNode('node:path'),
    importNode('node:url'),
  ]);
  try {
    const source = import.meta.url.endsWith('.ts');
    // Not a literal, so that bundlers for browsers leave the file alone.
    const name: string = source ? './child.ts' : './child.js';
    const script = fileURLToPath(new URL(name, import.meta.url));
    // A file of that name beside a bundle is another program.
    const manifest = join(dirname(script), '..', '..', 'package.json');
    const { name: owner } = JSON.parse(readFileSync(manifest, 'utf8'));
    if (owner !== '@pixcon/backend' || !existsSync(script)) return undefined;
    if (!source) return [script];
    const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    return ['--conditions=@pixcon/source', '--import', loader, script];
  } catch {
    return undefined;
  }
}
