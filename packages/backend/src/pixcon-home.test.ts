import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pixconHome } from './pixcon-home.ts';

describe('pixconHome', () => {
  it('prefers PIXCON_HOME, made absolute', async () => {
    const environment = { PIXCON_HOME: 'own', XDG_CACHE_HOME: '/cache' };
    expect(await pixconHome(environment, 'linux')).toBe(resolve('own'));
  });

  it('then XDG_CACHE_HOME', async () => {
    expect(await pixconHome({ XDG_CACHE_HOME: '/cache' }, 'linux')).toBe(join('/cache', 'pixcon'));
  });

  it('then the cache folder of the platform', async () => {
    expect(await pixconHome({}, 'linux')).toBe(join(homedir(), '.cache', 'pixcon'));
    expect(await pixconHome({ PIXCON_HOME: '' }, 'darwin')).toBe(
      join(homedir(), 'Library', 'Caches', 'pixcon'),
    );
    expect(await pixconHome({ LOCALAPPDATA: 'C:\\local' }, 'win32')).toBe(join('C:\\local', 'pixcon'));
  });
});
