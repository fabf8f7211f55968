export { tolerances } from './compare.ts';
export type { GoldenFile, GoldenRecord, GoldenViews } from './golden-file.ts';
export { readGoldenFile, readGoldenViews } from './read-golden.ts';
export { type GoldenResult, runGolden } from './run-golden.ts';
