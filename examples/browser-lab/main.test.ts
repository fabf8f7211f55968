import { decodeSafetensors } from '@pixcon/checkpoints';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findChromium } from './test/find-chromium.ts';
import {
  downloadBackbone,
  nameOfDrawing,
  stepsDone,
  text,
  train,
  waitForState,
  waitForStep,
} from './test/lab-page.ts';
import { watchMainThread } from './test/main-thread.ts';
import { serveLab } from './test/serve-lab.ts';

const executablePath = findChromium();
const required = (process.env.PIXCON_REQUIRE_BACKENDS ?? '')
  .split(',')
  .some((name) => name.trim() === 'webgpu');
if (executablePath === undefined) console.warn('browser-lab: skipped, for no Chromium is on the PATH');

if (required) {
  it('has its browser', () => {
    expect(executablePath, 'PIXCON_REQUIRE_BACKENDS names webgpu, and there is no Chromium').toBeDefined();
  });
}

describe.runIf(executablePath)('the page', () => {
  let lab: Awaited<ReturnType<typeof serveLab>>;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    lab = await serveLab();
    browser = await chromium.launch({
      executablePath: executablePath as string,
      args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
    });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });
  beforeEach(async () => {
    problems.length = 0;
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(60_000);
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(lab.url);
  });
  afterEach(async () => {
    await page.context().close();
    expect(problems).toEqual([]);
  });

  it('trains on WebAssembly, shows curves and pictures, pauses, goes on, and never keeps the page waiting', async () => {
    const tasks = await watchMainThread(page);
    await train(page, { device: 'wasm', steps: 40, batch: 4 });
    await waitForState(page, 'Training');
    expect(await text(page, 'device')).toMatch(/^WebAssembly with SIMD, \d thread/);

    await waitForStep(page, 5);
    await page.click('#pause');
    await waitForState(page, 'Paused');
    const paused = await stepsDone(page);
    expect(paused).toBeLessThan(40);
    expect(await text(page, 'saved')).toBe(`step ${paused}`);
    await page.waitForTimeout(400);
    expect(await stepsDone(page)).toBe(paused);

    await page.click('#pause');
    await waitForState(page, 'Finished');
    expect(await stepsDone(page)).toBe(40);
    expect(Number(await text(page, 'loss'))).toBeGreaterThan(0);
    expect(Number(await text(page, 'speed'))).toBeGreaterThan(0);
    expect(await text(page, 'memory')).toMatch(/MB$/);
    expect(await page.locator('#progress').evaluate((bar) => (bar as HTMLProgressElement).position)).toBe(1);

    expect(await nameOfDrawing(page, 'loss-chart')).toContain('against the chance level');
    await expect.poll(() => text(page, 'loss-chart')).toMatch(/chance 11\.1.*/);
    expect(await nameOfDrawing(page, 'speed-chart')).toBe('images per second by step');
    const thumb = page.locator('#thumbs img').first();
    expect(await thumb.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(128);
    expect(await nameOfDrawing(page, 'overlap')).toMatch(/crops of the two views; \d+ %/);
    expect(await nameOfDrawing(page, 'matches')).toContain('16 matches');
    expect(await nameOfDrawing(page, 'weights')).toMatch(
      /weights of the cells of the query view, 0\.\d\d on average/,
    );
    await expect.poll(() => nameOfDrawing(page, 'evolution')).toMatch(/matches at steps 0, \d+, 40$/);

    const slowest = Math.max(...(await tasks.stop()));
    expect(slowest).toBeGreaterThan(0);
    expect(slowest).toBeLessThan(50);
  }, 60_000);

  it('lets a person look around, by mouse and by keyboard', async () => {
    await train(page, { device: 'wasm', steps: 4, batch: 4 });
    await waitForState(page, 'Finished');
    const picture = page.locator('#attention svg');
    await picture.waitFor();
    const { width } = (await picture.boundingBox()) ?? { width: 0 };
    // The picture has 14 × 14 cells: the middle of the eighth from the left, and of the third from the top.
    await picture.click({ position: { x: (7.5 / 14) * width, y: (2.5 / 14) * width } });
    await expect.poll(() => nameOfDrawing(page, 'attention')).toContain('row 3, column 8;');
    await page.locator('#picker').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => nameOfDrawing(page, 'attention')).toContain('row 4, column 7;');
    expect(await page.locator('#picker').getAttribute('aria-valuetext')).toBe('Row 4, column 7');

    await page.selectOption('#select', 'heaviest');
    await page.locator('#lines').fill('3');
    await expect.poll(() => nameOfDrawing(page, 'matches')).toContain(': 3 matches');
    const before = await nameOfDrawing(page, 'overlap');
    await page.locator('#thumbs input').first().focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => nameOfDrawing(page, 'overlap')).not.toBe(before);
    await page.locator('#moment').focus();
    await page.keyboard.press('Home');
    expect(await text(page, 'moment-step')).toBe('0');
  });

  it('gives the backbone as a file and takes it back, bit for bit', async () => {
    await train(page, { device: 'wasm', steps: 3, batch: 4 });
    await waitForState(page, 'Finished');
    const file = await downloadBackbone(page);
    const { tensors, metadata } = decodeSafetensors(file);
    expect(metadata).toMatchObject({ format: 'pt', method: 'pixcon-sr', steps: '3' });
    expect(tensors.get('conv1.weight')?.shape).toEqual([8, 3, 7, 7]);
    expect(tensors.has('layer4.0.bn2.running_var')).toBe(true);

    await page.reload();
    await page.setInputFiles('#backbone', { name: 'mine.safetensors', mimeType: '', buffer: file });
    await waitForState(page, 'Paused');
    expect(await text(page, 'messages')).toContain('mine.safetensors is loaded');
    expect(await nameOfDrawing(page, 'matches')).toContain('matches');
    const again = decodeSafetensors(await downloadBackbone(page));
    expect(again.tensors).toEqual(tensors);

    await page.setInputFiles('#backbone', { name: 'bad', mimeType: '', buffer: file.subarray(0, 1000) });
    await waitForState(page, 'Stopped');
    expect(await page.getByRole('alert').textContent()).toContain('the file is cut off');
  });

  it('trains on photos, skips what is none, and goes on after a reload with the same ones', async () => {
    const clip = (place: number) => ({ x: 40 * place, y: 30 * place, width: 300, height: 200 + 10 * place });
    const take = async (place: number) => ({
      name: `${place}.png`,
      mimeType: 'image/png',
      buffer: await page.screenshot({ clip: clip(place) }),
    });
    const photos = [await take(0), await take(1), await take(2), await take(3), await take(4)];
    const broken = { name: 'broken.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no photo') };
    const notes = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no photo') };
    await page.setInputFiles('#files', [...photos, broken, notes]);
    expect(await text(page, 'drop-text')).toBe('6 photos chosen');
    await train(page, { device: 'wasm', steps: 200, batch: 4 });
    await waitForStep(page, 3);
    await page.click('#pause');
    await waitForState(page, 'Paused');
    const paused = await stepsDone(page);
    expect(await text(page, 'network-facts')).toContain('6 images');
    expect(await text(page, 'messages')).toContain('broken.jpg: it cannot be read');

    await page.reload();
    const offer = page.getByRole('button', { name: `Continue at step ${paused}` });
    await offer.click();
    expect(await page.getByRole('alert').textContent()).toContain('Choose photos first');
    await page.setInputFiles('#files', photos);
    await offer.click();
    await waitForState(page, 'Stopped');
    expect(await page.getByRole('alert').textContent()).toContain('6 other photos');
  });

  it('goes on while its tab is hidden', async () => {
    await train(page, { device: 'wasm', steps: 400, batch: 4 });
    await waitForStep(page, 2);
    await page.evaluate(() => {
      globalThis.requestAnimationFrame = () => 0;
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
      document.querySelector('#loss-chart svg')?.remove();
    });
    await waitForStep(page, (await stepsDone(page)) + 25);
    expect(await page.locator('#loss-chart svg').count()).toBe(0);
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: false, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    expect(await nameOfDrawing(page, 'loss-chart')).toContain('Loss');
  });

  it('trains on WebGPU, tells of a lost device, and goes on from the checkpoint', async () => {
    // The worker’s own devices, to lose them; nothing of the page is touched. Seen at work, not when they are made, which
    // the worker may have done before this reaches it.
    page.setDefaultTimeout(200_000);
    page.on('worker', (worker) => {
      const hooked = worker.evaluate(() => {
        const scope = globalThis as unknown as LosableScope;
        scope.devices = new Set();
        const { createCommandEncoder } = scope.GPUDevice.prototype;
        scope.GPUDevice.prototype.createCommandEncoder = function (descriptor) {
          scope.devices.add(this);
          return createCommandEncoder.call(this, descriptor);
        };
      });
      // One that ends before has no device.
      hooked.catch(() => undefined);
    });
    await train(page, { device: 'webgpu', steps: 100, batch: 4 });
    await waitForState(page, 'Training');
    expect(await text(page, 'device')).toMatch(/^WebGPU: .*swiftshader/i);
    await page.waitForFunction(
      () => document.getElementById('saved')?.textContent?.startsWith('step'),
      null,
      { polling: 200 },
    );
    const saved = Number((await text(page, 'saved')).slice(5));
    expect(saved).toBeGreaterThan(0);
    expect(Number(await text(page, 'loss'))).toBeGreaterThan(0);
    expect(await nameOfDrawing(page, 'loss-chart')).toContain('against the chance level');
    expect(await nameOfDrawing(page, 'matches')).toContain('matches');

    await page.workers()[0]?.evaluate(() => {
      for (const device of (globalThis as unknown as LosableScope).devices) device.destroy();
    });
    await waitForState(page, 'Stopped');
    const alert = page.getByRole('alert');
    expect(await alert.textContent()).toMatch(
      /^The graphics device was lost .*The checkpoint of step \d+ is kept\./,
    );

    // On the other device, for a software adapter is slow to start.
    await page.selectOption('#compute', 'wasm');
    await alert.getByRole('button', { name: /^Continue at step/ }).click();
    await waitForState(page, 'Training');
    expect(await text(page, 'device')).toMatch(/^WebAssembly/);
    expect(await stepsDone(page)).toBeGreaterThanOrEqual(saved);
    await waitForStep(page, saved + 3);
  }, 300_000);
});

interface LosableDevice {
  destroy(): void;
  createCommandEncoder(descriptor?: object): object;
}

interface LosableScope {
  devices: Set<LosableDevice>;
  readonly GPUDevice: { readonly prototype: LosableDevice };
}
