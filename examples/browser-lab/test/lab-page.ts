import type { Page } from 'playwright';

export interface Choices {
  readonly device: 'wasm' | 'webgpu';
  readonly steps: number;
  readonly batch: number;
}

/** Fills the form and presses the button: the smallest network and views. */
export async function train(page: Page, { device, steps, batch }: Choices): Promise<void> {
  await page.locator('details').evaluate((details) => details.setAttribute('open', ''));
  await page.selectOption('#network', 'tiny');
  await page.selectOption('#size', '32');
  await page.selectOption('#compute', device);
  await page.selectOption('#batch', String(batch));
  await page.fill('#steps', String(steps));
  await page.click('#train');
}

export async function text(page: Page, id: string): Promise<string> {
  return (await page.locator(`#${id}`).textContent()) ?? '';
}

/** Waits until the run is in one of these states. */
export async function waitForState(page: Page, ...states: readonly string[]): Promise<void> {
  await page.waitForFunction(
    (wanted) => wanted.includes(document.getElementById('state')?.textContent ?? ''),
    states,
    { polling: 100 },
  );
}

/** Steps done, as the page shows them. */
export async function stepsDone(page: Page): Promise<number> {
  return Number((await text(page, 'step')).split('/')[0]?.replaceAll(/\D/g, '') || Number.NaN);
}

export async function waitForStep(page: Page, step: number): Promise<void> {
  await page.waitForFunction(
    (least) =>
      Number(document.getElementById('step')?.firstChild?.textContent?.replaceAll(/\D/g, '')) >= least,
    step,
    { polling: 100 },
  );
}

/** Waits until a drawing is there; its name, which tells what it shows. */
export async function nameOfDrawing(page: Page, id: string): Promise<string> {
  const svg = page.locator(`#${id} svg`).first();
  await svg.waitFor();
  return (await svg.getAttribute('aria-label')) ?? '';
}

/** Presses the download button; the bytes of the file. */
export async function downloadBackbone(page: Page): Promise<Buffer> {
  const waiting = page.waitForEvent('download');
  await page.click('#download');
  const stream = await (await waiting).createReadStream();
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
