import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['@pixcon/source'] },
  ssr: { resolve: { conditions: ['@pixcon/source', 'node', 'module', 'default'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
    // A native backend cannot be loaded into several worker threads of one process.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
