import type { TensorflowInstallation } from '../src/find-tensorflow.ts';
import type { TemporaryFolder } from './temporary-folder.ts';

/**
 * A package that looks like a built tfjs-node and runs `body` when it is loaded, in `node_modules` of the folder, where
 * a process that works there finds it.
 */
export function standIn(folder: TemporaryFolder, body = '', version = '4.22.0'): TensorflowInstallation {
  const packageName = '@tensorflow/tfjs-node';
  const directory = `node_modules/${packageName}`;
  folder.put(`${directory}/lib/napi-v8/tfjs_binding.node`);
  folder.put(`${directory}/package.json`, JSON.stringify({ name: packageName, version, main: 'index.cjs' }));
  folder.put(`${directory}/index.cjs`, body);
  return { directory: `${folder.path}/${directory}`, packageName, gpu: false, source: 'project' };
}

/** Ends the process as the operating system ends one that divides by zero. */
export const die = (signal: NodeJS.Signals): string => `process.kill(process.pid, '${signal}');`;

/** Where oneDNN is on. */
export const withOneDnn = (body: string): string =>
  `if (process.env.TF_ENABLE_ONEDNN_OPTS !== '0') { ${body} }`;
