// An optional peer that may be absent: only its registering side effect is used.
declare module '@tensorflow/tfjs-backend-webgpu';
