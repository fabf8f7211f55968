import * as tf from '@tensorflow/tfjs-core';
import { isNode } from '../node-modules.ts';
import { importFromProject, resolvePackage } from '../resolve-package.ts';
import { activate } from './activate.ts';
import type { Candidate } from './candidate.ts';
import { missingPackage } from './missing-package.ts';

/** tfjs-backend-cpu: plain JavaScript. */
export const cpuCandidate: Candidate = {
  name: 'cpu',

  async obstacle() {
    if (!isNode() || (await resolvePackage('@tensorflow/tfjs-backend-cpu')) !== undefined) return undefined;
    return missingPackage('@tensorflow/tfjs-backend-cpu');
  },

  async start() {
    // tfjs-node brings its own copy, and a second one would warn once for each kernel.
    if (tf.findBackendFactory('cpu') == null)
      await import('@tensorflow/tfjs-backend-cpu').catch((error) =>
        importFromProject('@tensorflow/tfjs-backend-cpu', error),
      );
    await activate('cpu');
    // Its first write recommends tfjs-node at length; whoever starts this backend has heard the reasons.
    (tf.backend() as { firstUse?: boolean }).firstUse = false;
    return 'JavaScript, 1 thread';
  },
};
