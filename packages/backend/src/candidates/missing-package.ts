import type { Obstacle } from './candidate.ts';

/** The obstacle of an npm package that is not there. */
export function missingPackage(name: string, remedy = `run: npm install ${name}`): Obstacle {
  return { reason: `${name} is not installed`, remedy };
}
