import { playwright } from '@vitest/browser-playwright';
import { defaultClientConditions } from 'vite';
import type { TestProjectConfiguration } from 'vitest/config';
import { findChromium } from './find-chromium.ts';
import { warnOnce } from './warn-once.ts';

/**
 * The vitest project that runs tests in a page of headless Chromium, on WebGPU and WebAssembly. None without a
 * Chromium, aloud; an error then where `PIXCON_REQUIRE_BROWSER` is set.
 */
export function browserProject(): TestProjectConfiguration[] {
  const { env } = process;
  const executablePath = findChromium();
  if (executablePath === undefined) {
    const message = 'No Chromium: tests in the browser are skipped. apt-get install -y chromium';
    if (env.PIXCON_REQUIRE_BROWSER) throw new Error(message);
    warnOnce(message);
    return [];
  }
  const provider = playwright({
    launchOptions: {
      executablePath,
      // The adapter that computes on the processor, which machines without a graphics card have as well.
      args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
    },
  });
  return [
    {
      resolve: { conditions: ['@pixcon/source', ...defaultClientConditions] },
      // Found before the tests start: what is found later reloads the page.
      optimizeDeps: {
        include: [
          '@tensorflow/tfjs-backend-cpu',
          '@tensorflow/tfjs-backend-wasm',
          '@tensorflow/tfjs-backend-webgpu',
          '@tensorflow/tfjs-core',
        ],
      },
      // What is not where the bundler put it is looked for at the root: the `.wasm` files.
      publicDir: 'node_modules/@tensorflow/tfjs-backend-wasm/dist',
      test: {
        name: 'browser',
        include: ['packages/ops/src/*.test.ts', 'packages/*/test/*.browser.ts'],
        // Reads a file.
        exclude: ['packages/ops/src/roi-align.test.ts'],
        setupFiles: ['scripts/browser-setup.ts'],
        testTimeout: 240_000,
        hookTimeout: 240_000,
        browser: {
          enabled: true,
          headless: true,
          screenshotFailures: false,
          provider,
          instances: [{ browser: 'chromium' }],
        },
      },
    },
  ];
}
