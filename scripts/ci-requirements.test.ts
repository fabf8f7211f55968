import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = new URL('../.ci/requirements.sh', import.meta.url).pathname;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-ci-'));
  await mkdir(join(folder, 'bin'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A command that stands in for the machine's: bash, by name. */
async function standIn(name: string, body: string): Promise<void> {
  const path = join(folder, 'bin', name);
  await writeFile(path, `#!/bin/bash\n${body}\n`);
  await chmod(path, 0o755);
}

/** A machine that has everything; parts are taken away afterwards. */
async function machine({ chromium = true, compiler = true, apt = '', pip = '' } = {}): Promise<void> {
  await standIn('python3', `[ "$3" = --version ] && exit 0\n${pip}`);
  for (const name of ['make', 'git', ...(compiler ? ['g++'] : []), ...(chromium ? ['chromium'] : [])])
    await standIn(name, '');
  await standIn('ldconfig', 'echo "libvulkan.so.1 => /usr/lib/libvulkan.so.1"');
  await standIn('apt-get', apt);
  for (const name of ['grep', 'paste']) await standIn(name, `exec /usr/bin/${name} "$@"`);
}

/** What the gate decides: its steps as `run` takes them. */
function decide(): Promise<{ readonly code: number; readonly lines: string[] }> {
  const steps = `set -uo pipefail; . ${script}
    if system_packages; then decide_browser; else exit 9; fi
    decide_tensorflow && echo installs TensorFlow
    echo "requires $required_backends \${PIXCON_REQUIRE_BROWSER:-}"
    print_notes`;
  const env = { PATH: join(folder, 'bin'), PIXCON_HOME: folder, HOME: folder };
  return new Promise((resolve) => {
    execFile('/bin/bash', ['-c', steps], { env }, (error, stdout) =>
      resolve({ code: error ? Number(error.code) : 0, lines: stdout.trim().split('\n') }),
    );
  });
}

const refused = `echo "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError(Connection refused)': /simple/tensorflow-cpu/" >&2
echo "ERROR: No matching distribution found for tensorflow-cpu" >&2
exit 1`;
const noLists = `[ "$1" = update ] || exit 100
echo 'Err:1 http://deb.example bookworm InRelease'
echo 'W: Some index files failed to download. They have been ignored, or old ones used instead.'`;
const lists = `[ "$1" = update ] && echo 'Hit:1 http://deb.example bookworm InRelease' && exit 0`;

describe.skipIf(process.platform !== 'linux')('the requirements of the gate', () => {
  it('are all there where everything is', async () => {
    await machine();
    const { lines } = await decide();
    expect(lines).toEqual(['installs TensorFlow', 'requires cpu,wasm,webgpu,tensorflow 1']);
  });

  it('leave TensorFlow out, and say so last, where no index answers', async () => {
    await machine({ pip: refused });
    const { lines } = await decide();
    expect(lines.slice(-2)).toEqual([
      'requires cpu,wasm,webgpu 1',
      "not tested: the tensorflow backend (pip's index cannot be reached)",
    ]);
  });

  it('keep TensorFlow where an index answers that it has none: the installation then fails', async () => {
    await machine({ pip: 'echo "ERROR: No matching distribution found for tensorflow-cpu" >&2; exit 1' });
    const { lines } = await decide();
    expect(lines.slice(-2)).toEqual(['installs TensorFlow', 'requires cpu,wasm,webgpu,tensorflow 1']);
  });

  it('keep TensorFlow where it is installed already, whatever the index', async () => {
    await machine({ pip: refused });
    await mkdir(join(folder, 'tensorflow'));
    await writeFile(join(folder, 'tensorflow', 'pixcon-tensorflow.json'), '{}');
    expect((await decide()).lines).toEqual(['installs TensorFlow', 'requires cpu,wasm,webgpu,tensorflow 1']);
  });

  it('leave the browser out where apt fetches no list', async () => {
    await machine({ chromium: false, apt: noLists });
    const { code, lines } = await decide();
    expect(lines).toContain("apt's index cannot be reached: going on without chromium");
    expect(lines.slice(-2)).toEqual([
      'requires cpu,wasm,tensorflow ',
      "not tested: webgpu and pages in a browser (chromium missing, and apt's index cannot be reached)",
    ]);
    expect(code).toBe(0);
  });

  it('fail where apt has its lists, and cannot install', async () => {
    await machine({ chromium: false, apt: `${lists}\nexit 100` });
    expect((await decide()).code).toBe(9);
  });

  it('leave TensorFlow out where there is no compiler, and none to be had', async () => {
    await machine({ compiler: false, apt: noLists });
    expect((await decide()).lines.at(-1)).toBe(
      "not tested: the tensorflow backend (g++ missing, and apt's index cannot be reached)",
    );
  });
});
