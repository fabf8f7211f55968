import { describe, expect, it } from 'vitest';
import { importedPackages, readmeFaults, readReadme } from './read-readme.ts';

const readme = (install: string, code: string) =>
  readReadme(`# A\n\n\`\`\`sh\n${install}\n\`\`\`\n\n\`\`\`ts\n${code}\n\`\`\`\n`);

describe('readReadme', () => {
  it('takes packages and versions of all install lines, and no flags or remarks', () => {
    const { install } = readme(
      'npm install --save-dev @a/b c@4 \\\n  d # e\nnpx f\nnpm install @g/h@1.2',
      'await 1;',
    );
    expect([...install]).toEqual([
      ['@a/b', undefined],
      ['c', '4'],
      ['d', undefined],
      ['@g/h', '1.2'],
    ]);
  });
});

describe('importedPackages', () => {
  it('finds packages in every form of an import, and nothing else', () => {
    const code = `import 'a/b';
import * as c from '@c/d/e';
import {
  type F,
} from 'f';
import fs from 'node:fs';
import own from './own.ts';
const late = await import('g');
export const word = 'h';`;
    expect(importedPackages(code)).toEqual(['a', '@c/d', 'f', 'g']);
  });
});

describe('readmeFaults', () => {
  const faults = (install: string, code: string, provided: readonly string[] = []) =>
    readmeFaults(readme(install, code), (name) => provided.includes(name));

  it('passes what is installed before it is imported', () => {
    expect(faults('npm install a', "import 'a';")).toEqual([]);
  });

  it('names what a program imports and the line lacks', () => {
    expect(faults('npm install a', "import 'a';\nimport 'b';")).toEqual([
      'imports b, which its `npm install` line lacks',
    ]);
  });

  it('wants the backend that a program starts, or any where it names none', () => {
    const wasm = '@tensorflow/tfjs-backend-wasm';
    expect(faults('npm install a', "await startBackend('wasm');")[0]).toContain(`has no ${wasm}`);
    expect(faults('npm install a', "await startBackend('wasm');", [wasm])).toEqual([]);
    expect(faults('npm install a', "describeBackends('x', () => {});")[0]).toContain('has no @tensorflow/');
    expect(faults('npm install a', 'await startBackend();', [wasm])).toEqual([]);
  });
});
