import { expect, it } from 'vitest';
import { Limiter } from './limiter.ts';

it('runs so many at a time, in order, and goes on after a failure', async () => {
  const limiter = new Limiter(3);
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      limiter.run(async () => {
        begun.push(index);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, (index * 7) % 5));
        running--;
        if (index % 4 === 1) throw new Error(`job ${index}`);
        return index;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => index));
  for (const [index, result] of results.entries()) {
    if (index % 4 === 1)
      expect(result).toMatchObject({ status: 'rejected', reason: { message: `job ${index}` } });
    else expect(result).toEqual({ status: 'fulfilled', value: index });
  }
});

it('begins nothing after it was closed', async () => {
  const limiter = new Limiter(1);
  const gate = new EventTarget();
  const first = limiter.run(() => new Promise((resolve) => gate.addEventListener('open', resolve)));
  const second = limiter.run(() => Promise.resolve('ran'));
  limiter.close();
  gate.dispatchEvent(new Event('open'));
  await first;
  await expect(second).rejects.toMatchObject({ code: 'interrupted' });
});
