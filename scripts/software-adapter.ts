import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { findSwiftShader } from './find-chromium.ts';
import { warnOnce } from './warn-once.ts';

/**
 * Where Node finds no WebGPU adapter, gives it Chromium's, which computes on the processor: slow, and exact enough
 * to test on. Child processes inherit the choice. Says so where there is none either.
 */
export function useSoftwareAdapter(): void {
  const { env, platform } = process;
  if (platform !== 'linux' || env.VK_DRIVER_FILES || hasAdapter()) return;
  const driver = findSwiftShader();
  if (driver !== undefined && hasAdapter(driver)) {
    env.VK_DRIVER_FILES = driver;
    // Its loader complains about the lack of one, in every process.
    env.XDG_RUNTIME_DIR ??= tmpdir();
    return;
  }
  warnOnce(
    'No WebGPU adapter: tests on webgpu are skipped. SwiftShader comes with Chromium: apt-get install -y chromium libvulkan1',
  );
}

/** In a process of its own, which a driver may bring down. */
function hasAdapter(driver?: string): boolean {
  const script = `
    const { create } = require(process.argv[1]);
    create([]).requestAdapter().then((adapter) => process.exit(adapter ? 0 : 1));`;
  const env = driver === undefined ? process.env : { ...process.env, VK_DRIVER_FILES: driver };
  try {
    const webgpu = createRequire(import.meta.url).resolve('webgpu');
    execFileSync(process.execPath, ['-e', script, webgpu], { env, stdio: 'ignore', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}
