export { type ClassFolder, type ClassFolderOptions, classFolder } from './class-folder.ts';
export { cropAndResize } from './crop-and-resize.ts';
export type { FoundLabel } from './found-labels.ts';
export { type ImageFolder, type ImageFolderOptions, imageFolder } from './image-folder.ts';
export { type KeepDecodedOptions, keepDecoded } from './keep-decoded.ts';
export type { LabelledFolder, LabelledImagesOptions } from './labelled-images.ts';
export { keepProposals } from './proposals/keep-proposals.ts';
export { type RegionProposalOptions, regionProposals } from './proposals/region-proposals.ts';
export { type SceneClass, sceneClasses } from './scene/classes.ts';
export type { ShapeName } from './scene/shapes.ts';
export type { TextureName } from './scene/textures.ts';
export { type SegmentFolder, type SegmentFolderOptions, segmentFolder } from './segment-folder.ts';
export {
  type SegmentationFolder,
  type SegmentationFolderOptions,
  segmentationFolder,
} from './segmentation-folder.ts';
export { type SyntheticScenesOptions, syntheticScenes } from './synthetic-scenes.ts';
