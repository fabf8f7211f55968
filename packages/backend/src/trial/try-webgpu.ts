import { type AdapterInfo, describeAdapter, isSoftwareAdapter } from '../candidates/adapter.ts';
import { importNode } from '../node-modules.ts';
import { resolvePackage } from '../resolve-package.ts';
import { codeVersion } from './code-version.ts';
import { isTrialWanted } from './is-trial-wanted.ts';
import { type HoldTrial, judge, type Part, type Verdict } from './judge.ts';
import { runTrial } from './run-trial.ts';
import { settingsOf } from './settings-of.ts';
import { verdict } from './verdicts.ts';

const subgroupMatrices: Part = { name: 'subgroup matrices', variable: 'PIXCON_SUBGROUP_MATRICES' };

/** A driver compiles each shader when it is first used. */
const patience = 120_000;

/**
 * Has Dawn compute what a training step takes in a process of its own, with subgroup matrices and, where it dies or
 * loses the device of that, without; once for each adapter, driver and version of this package. Node only.
 *
 * @param run holds a trial
 */
export async function tryWebgpu(info: AdapterInfo, run = runTrial): Promise<Verdict> {
  if (!isTrialWanted()) return {};
  try {
    const key = {
      backend: 'webgpu',
      adapter: JSON.stringify(info),
      library: await libraryText(),
      code: await codeVersion('webgpu'),
    };
    const hold: HoldTrial = (settings) =>
      verdict({ ...key, settings: settingsOf(read, settings) }, () =>
        run({ backend: 'webgpu', few: isSoftwareAdapter(info) }, settings, patience),
      );
    return await judge(hold, [subgroupMatrices], describeAdapter(info));
  } catch {
    // In a bundle, or where files may not be read: as without a trial.
    return {};
  }
}

async function libraryText(): Promise<string> {
  const [{ readFileSync }, { join }] = await Promise.all([importNode('node:fs'), importNode('node:path')]);
  const parts: string[] = [];
  for (const name of ['webgpu', '@tensorflow/tfjs-backend-webgpu']) {
    const directory = (await resolvePackage(name)) ?? '';
    const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    parts.push(`${directory} ${version}`);
  }
  return parts.join('\n');
}

/** What Dawn, Vulkan's loader and drivers read from the environment. */
const read = /^(PIXCON_SUBGROUP_MATRICES$|VK_|DAWN_|MESA_|LP_|LD_(PRELOAD|LIBRARY_PATH)$)/;
