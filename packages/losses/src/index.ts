export { chanceLevel } from './chance-level.ts';
export { cosineRegression } from './cosine-regression.ts';
export { featureDeviation } from './feature-deviation.ts';
export { type FilteredSlotContrastOptions, filteredSlotContrast } from './filtered-slot-contrast.ts';
export { type GroupingDistillationOptions, groupingDistillation } from './grouping-distillation.ts';
export { type InfoNceOptions, infoNce } from './info-nce.ts';
export { negativeCosine } from './negative-cosine.ts';
export { pixelConsistency } from './pixel-consistency.ts';
