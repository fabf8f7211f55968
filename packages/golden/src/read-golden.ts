import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeGoldenFile, decodeGoldenViews, type GoldenFile, type GoldenViews } from './golden-file.ts';

export async function readGoldenFile(directory: string, name: string): Promise<GoldenFile> {
  const [json, safetensors] = await Promise.all([
    readFile(join(directory, `${name}.json`), 'utf8'),
    readFile(join(directory, `${name}.safetensors`)),
  ]);
  return decodeGoldenFile(name, json, safetensors);
}

export async function readGoldenViews(directory: string): Promise<GoldenViews> {
  return decodeGoldenViews(await readFile(join(directory, 'views.safetensors')));
}
