import { photometricKernel } from './photometric-kernel.ts';

/** The functions of photometric.c: addresses and flags are numbers, pictures lie in `memory`. */
export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** Where the memory that is free begins. */
  readonly __heap_base: { readonly value: number };
  load(pixels: number, planes: number, stride: number, count: number, brightness: number): void;
  meanGray(planes: number, stride: number, count: number): number;
  colour(
    planes: number,
    stride: number,
    count: number,
    contrast: number,
    offset: number,
    saturation: number,
    hue: number,
    gray: number,
  ): void;
  blur(
    planes: number,
    between: number,
    stride: number,
    width: number,
    height: number,
    weights: number,
    radius: number,
    line: number,
    lines: number,
  ): void;
  finish(
    planes: number,
    stride: number,
    count: number,
    result: number,
    threshold: number,
    redFactor: number,
    greenFactor: number,
    blueFactor: number,
    redOffset: number,
    greenOffset: number,
    blueOffset: number,
  ): void;
}

/** TypeScript has the types of WebAssembly for browsers only. */
interface WithWebAssembly {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  };
}

let kernel: Kernel | undefined;

/** The kernel, compiled on first use. */
export function photometricFunctions(): Kernel {
  kernel ??= instantiate();
  return kernel;
}

function instantiate(): Kernel {
  const { WebAssembly } = globalThis as unknown as WithWebAssembly;
  const bytes = Uint8Array.from(atob(photometricKernel), (character) => character.charCodeAt(0));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports as Kernel;
}
