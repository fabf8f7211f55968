import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const python = 'python3';

/** Whether PyTorch, torchvision and safetensors are here to compare with. */
export async function hasTorchvision(): Promise<boolean> {
  // Found, not imported: a torchvision whose operators do not fit its PyTorch still has its ResNets.
  const code =
    "import importlib.util as u, sys; sys.exit(any(u.find_spec(n) is None for n in ['torch', 'torchvision', 'safetensors', 'numpy']))";
  try {
    await promisify(execFile)(python, ['-c', code]);
    return true;
  } catch {
    return false;
  }
}
