// biome-ignore-all lint/performance/noReExportAll: the umbrella is one import for everything that a method is composed from
export * from '@pixcon/augment';
export * from '@pixcon/backbones';
export * from '@pixcon/backend';
export * from '@pixcon/checkpoints';
export * from '@pixcon/core';
export * from '@pixcon/datasets';
export * from '@pixcon/evaluation';
export * from '@pixcon/heads';
export * from '@pixcon/losses';
export * from '@pixcon/matching';
export * from '@pixcon/methods';
export * from '@pixcon/ops';
export * from '@pixcon/optimizers';
export * from '@pixcon/queues';
export * from '@pixcon/schedules';
export * from '@pixcon/trainer';
export * from '@pixcon/visualize';
