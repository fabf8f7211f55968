import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { browserProject } from './scripts/browser-project.ts';
import { useSoftwareAdapter } from './scripts/software-adapter.ts';

const { env } = process;
const packages = readdirSync(new URL('./packages', import.meta.url));

useSoftwareAdapter();

export default defineConfig({
  // Tests import siblings by name and get their source: nothing has to be built.
  resolve: { conditions: ['@pixcon/source'] },
  ssr: { resolve: { conditions: ['@pixcon/source', 'node', 'module', 'default'] } },
  test: {
    // A native backend cannot be loaded into several worker threads of one process.
    pool: 'forks',
    // Backends compute with threads of their own.
    maxWorkers: 2,
    // Software adapters of WebGPU are slow.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    env: {
      TF_CPP_MIN_LOG_LEVEL: '2',
      // Skipped aloud where they are absent, also by tests that are of them alone.
      PIXCON_OPTIONAL_BACKENDS: env.PIXCON_OPTIONAL_BACKENDS ?? 'tensorflow,webgpu',
    },
    projects: [
      ...packages.map((name) => ({
        extends: true as const,
        test: { name, include: [`packages/${name}/src/**/*.test.ts`, `packages/${name}/test/**/*.test.ts`] },
      })),
      { extends: true, test: { name: 'scripts', include: ['scripts/**/*.test.ts'] } },
      { extends: true, test: { name: 'examples', include: ['examples/*/**/*.test.ts'] } },
      ...browserProject(),
    ],
  },
});
