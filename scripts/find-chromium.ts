import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright';

const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser that playwright brought, else one that is installed; none is undefined. */
export function findChromium(): string | undefined {
  return [chromium.executablePath(), ...installed].find((path) => existsSync(path));
}

/** The Vulkan driver that computes on the processor (SwiftShader), which Chromium carries. */
export function findSwiftShader(): string | undefined {
  const folders = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
  return [dirname(chromium.executablePath()), ...folders]
    .map((folder) => join(folder, 'vk_swiftshader_icd.json'))
    .find((path) => existsSync(path));
}
