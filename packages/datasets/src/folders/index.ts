export { type SplitChoice, type SplitFolders, splitFolders } from './split-folders.ts';
