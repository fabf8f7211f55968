import * as tf from '@tensorflow/tfjs-core';
import { isNode } from '../node-modules.ts';
import { resolvePackage } from '../resolve-package.ts';
import { activate } from './activate.ts';
import type { Candidate } from './candidate.ts';

/** tfjs-backend-cpu: plain JavaScript. */
export const cpuCandidate: Candidate = {
  name: 'cpu',
  remedy: 'run: npm install @tensorflow/tfjs-backend-cpu',

  async obstacle() {
    if (!isNode() || (await resolvePackage('@tensorflow/tfjs-backend-cpu')) !== undefined) return undefined;
    return '@tensorflow/tfjs-backend-cpu is not installed';
  },

  async start() {
    // tfjs-node brings its own copy, and a second one would warn once for each kernel.
    if (tf.findBackendFactory('cpu') == null) await import('@tensorflow/tfjs-backend-cpu');
    await activate('cpu');
    // Its first write recommends tfjs-node at length; whoever starts this backend has heard the reasons.
    (tf.backend() as { firstUse?: boolean }).firstUse = false;
    return 'JavaScript, 1 thread';
  },
};
