export { tolerances } from './compare.ts';
export {
  type GoldenFile,
  type GoldenRecord,
  type GoldenViews,
  readGoldenFile,
  readGoldenViews,
} from './golden-file.ts';
export { type GoldenResult, runGolden } from './run-golden.ts';
