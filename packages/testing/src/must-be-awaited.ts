import { onTestFinished } from 'vitest';

/**
 * Makes the test that forgets to await `promise` fail: it would end before the promise does, and pass whatever
 * comes out of it.
 *
 * @param call as the message names it: `checkGradients`
 */
export function mustBeAwaited<Value>(promise: Promise<Value>, call: string): Promise<Value> {
  let awaited = false;
  try {
    onTestFinished(() => {
      if (!awaited) throw new Error(`${call} of a tensor is asynchronous: await it`);
    });
  } catch {
    return promise; // Not in a test, or in one that runs beside others: nobody tells when it ends.
  }
  // Its rejection is somebody's only when it is awaited.
  promise.catch(() => undefined);
  // Not a promise itself: `await` takes those without calling their `then`.
  const watched: Promise<Value> = {
    // biome-ignore lint/suspicious/noThenProperty: that it is called is what there is to find out
    then(onFulfilled, onRejected) {
      awaited = true;
      return promise.then(onFulfilled, onRejected);
    },
    catch: (onRejected) => watched.then(undefined, onRejected),
    finally: (onFinally) => watched.then().finally(onFinally),
    [Symbol.toStringTag]: 'Promise',
  };
  return watched;
}
