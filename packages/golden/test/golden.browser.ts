import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { decodeGoldenFile, decodeGoldenViews } from '../src/golden-file.ts';
import { runGolden } from '../src/run-golden.ts';

async function fetchFixture(name: string): Promise<Response> {
  const response = await fetch(new URL(`./fixtures/${name}`, import.meta.url));
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return response;
}

const bytesOf = async (name: string) => new Uint8Array(await (await fetchFixture(name)).arrayBuffer());

// The method of the paper; another is repeated under Node.
describeBackends('golden values of the authors’ code, in a page', () => {
  it('pixcon_sr_basic', { timeout: 600_000 }, async () => {
    expect('document' in globalThis).toBe(true);
    const name = 'pixcon_sr_basic';
    const json = await (await fetchFixture(`${name}.json`)).text();
    const file = decodeGoldenFile(name, json, await bytesOf(`${name}.safetensors`));
    const views = decodeGoldenViews(await bytesOf('views.safetensors'));
    const before = tf.memory().numTensors;
    const result = await runGolden(file, views);
    expect(result.failures).toEqual([]);
    expect(result.status).toBe('pass');
    expect(tf.memory().numTensors).toBe(before);
  });
});
