import { assertNumber, assertShape, type MatchInput } from '@pixcon/core';

/** @throws PixconError `invalid-shape` or `invalid-argument` unless features, grid and geometry belong together */
export function assertMatchInput(where: string, input: MatchInput): void {
  const { query, key, grid, queryGeometry, keyGeometry } = input;
  assertNumber(where, 'grid.height', grid.height, { minimum: 1, integer: true });
  assertNumber(where, 'grid.width', grid.width, { minimum: 1, integer: true });
  assertShape(where, 'query', query, [null, grid.height * grid.width, null]);
  assertShape(where, 'key', key, query.shape);
  const batch = query.shape[0];
  const exactly = { minimum: batch, maximum: batch };
  assertNumber(where, 'the number of query views', queryGeometry.length, exactly);
  assertNumber(where, 'the number of key views', keyGeometry.length, exactly);
}
