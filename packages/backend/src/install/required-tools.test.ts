import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertPlatform, assertTools } from './required-tools.ts';

let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'pixcon-tools-'));
});
afterEach(() => rmSync(bin, { recursive: true }));

function fake(name: string, script = 'exit 0'): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

describe.runIf(process.platform === 'linux')('assertTools', () => {
  it('is content with all of them', () => {
    for (const name of ['python3', 'make', 'g++', 'npm']) fake(name);
    expect(() => assertTools('python3', { PATH: bin })).not.toThrow();
  });

  it('names what is missing, and the packages', () => {
    for (const name of ['python3', 'npm']) fake(name);
    expect(() => assertTools('python3', { PATH: bin })).toThrow(
      'installTensorflow: make, g++ are needed and cannot be run here; install with: apt-get install -y make g++',
    );
  });

  it('tells a Python without pip', () => {
    for (const name of ['make', 'g++', 'npm']) fake(name);
    fake('python3', 'test "$1" != -m');
    expect(() => assertTools('python3', { PATH: bin })).toThrow(
      'installTensorflow: pip is needed and cannot be run here; install with: apt-get install -y python3-pip',
    );
  });
});

describe('assertPlatform', () => {
  it('takes Linux', () => {
    expect(() => assertPlatform('linux', 'x64')).not.toThrow();
    expect(() => assertPlatform('linux', 'arm64')).not.toThrow();
  });

  it('sends the others to another way', () => {
    expect(() => assertPlatform('win32', 'x64')).toThrow(/npm install @tensorflow\/tfjs-node/);
    expect(() => assertPlatform('darwin', 'arm64')).toThrow(/this is darwin on arm64/);
    expect(() => assertPlatform('linux', 'ia32')).toThrow(/this is linux on ia32/);
  });
});
