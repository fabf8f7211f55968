import { importNode } from './node-modules.ts';

/** True where an NVIDIA driver is running, also under WSL. Node only. */
export async function hasNvidiaCard(): Promise<boolean> {
  const { existsSync } = await importNode('node:fs');
  const signs = ['/proc/driver/nvidia/version', '/dev/nvidia0', '/usr/lib/wsl/lib/nvidia-smi'];
  if (process.platform !== 'win32') return signs.some((path) => existsSync(path));
  const { spawnSync } = await importNode('node:child_process');
  return spawnSync('nvidia-smi', ['-L'], { timeout: 10_000, windowsHide: true }).status === 0;
}
