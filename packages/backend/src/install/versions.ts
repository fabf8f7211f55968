/** The TensorFlow whose libraries were built against and tested; its C API has been stable for years. */
export const tensorflowRange = '>=2.21,<2.22';

/** The last release of tfjs-node. */
export const tfjsNodeVersion = '4.22.0';
