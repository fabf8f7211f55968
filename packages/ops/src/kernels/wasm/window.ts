import type { backend_util } from '@tensorflow/tfjs-core';
import type { WindowGeometry } from '../types.ts';

/** A sliding window in full: tfjs's own kernels may have other strides and padding on each side. */
export interface WasmWindow {
  readonly rows: number;
  readonly columns: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  /** Padding above. */
  readonly top: number;
  /** Padding to the left. */
  readonly left: number;
}

/** The same on both axes. */
export function squareWindow(rows: number, columns: number, { stride, padding }: WindowGeometry): WasmWindow {
  return { rows, columns, strideHeight: stride, strideWidth: stride, top: padding, left: padding };
}

/** From what tfjs works out of a kernel's attributes. */
export function windowOf(info: backend_util.Conv2DInfo): WasmWindow {
  return {
    rows: info.filterHeight,
    columns: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
  };
}
