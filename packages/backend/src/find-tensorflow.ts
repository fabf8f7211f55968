import { importNode, isNode } from './node-modules.ts';
import { tensorflowFolder } from './pixcon-home.ts';
import { resolvePackage } from './resolve-package.ts';

/** A tfjs-node whose native library is built. */
export interface TensorflowInstallation {
  /** The folder of the package itself: `…/node_modules/@tensorflow/tfjs-node`. */
  readonly directory: string;
  readonly packageName: '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';
  /** Its libtensorflow is built for CUDA. */
  readonly gpu: boolean;
  /** The user's own dependency, or what `installTensorflow` made. */
  readonly source: 'project' | 'pixcon';
}

/** The file in pixcon's TensorFlow folder that says what was installed. */
export const manifestName = 'pixcon-tensorflow.json';

/**
 * Every usable tfjs-node in the order of preference: the project's tfjs-node-gpu, the project's tfjs-node, the one
 * that `npx pixcon install-tensorflow` made. Empty outside Node.
 *
 * @example
 * const [first] = await findTensorflow();
 * first?.directory; // => '/home/me/.cache/pixcon/tensorflow/node_modules/@tensorflow/tfjs-node'
 */
export async function findTensorflow(): Promise<TensorflowInstallation[]> {
  if (!isNode()) return [];
  const found: TensorflowInstallation[] = [];
  for (const packageName of ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const) {
    const directory = await resolvePackage(packageName);
    if (directory === undefined || !(await hasBinding(directory))) continue;
    found.push({ directory, packageName, gpu: packageName.endsWith('-gpu'), source: 'project' });
  }
  const own = await installationIn(await tensorflowFolder());
  if (own !== undefined) found.push(own);
  return found;
}

/** The installation that `installTensorflow` made in `folder`, if it is complete. Node only. */
export async function installationIn(folder: string): Promise<TensorflowInstallation | undefined> {
  const [{ existsSync, readFileSync }, { join }] = await Promise.all([
    importNode('node:fs'),
    importNode('node:path'),
  ]);
  const packageName = '@tensorflow/tfjs-node';
  const directory = join(folder, 'node_modules', packageName);
  if (!(await hasBinding(directory))) return undefined;
  const manifest = join(folder, manifestName);
  const gpu = existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).gpu === true;
  return { directory, packageName, gpu, source: 'pixcon' };
}

async function hasBinding(directory: string): Promise<boolean> {
  const [{ existsSync, readdirSync }, { join }] = await Promise.all([
    importNode('node:fs'),
    importNode('node:path'),
  ]);
  const library = join(directory, 'lib');
  if (!existsSync(library)) return false;
  return readdirSync(library).some((abi) => existsSync(join(library, abi, 'tfjs_binding.node')));
}
