/** What went wrong, for callers that branch on it. */
export type PixconErrorCode =
  | 'invalid-argument'
  | 'invalid-shape'
  | 'backend-unavailable'
  | 'data'
  | 'unreadable-data'
  | 'checkpoint'
  | 'numerical'
  | 'interrupted';

const marker = Symbol.for('pixcon.error');

/**
 * The error that every `@pixcon/*` package throws for a mistake it can name. Its message is one sentence that
 * says what was expected, what came, and what to do.
 *
 * @example
 * try {
 *   throw new PixconError('data', 'imageFolder: expected at least one image, found none in ./photos');
 * } catch (error) {
 *   if (PixconError.isInstance(error)) console.log(error.code); // => 'data'
 * }
 */
export class PixconError extends Error {
  readonly code: PixconErrorCode;
  readonly [marker] = true;

  constructor(code: PixconErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PixconError';
    this.code = code;
  }

  /** True for a PixconError of any installed copy of this package. */
  static isInstance(error: unknown): error is PixconError {
    return typeof error === 'object' && error !== null && marker in error;
  }
}
