import type { Module, NetworkNode, ParameterSpec } from '@pixcon/core';
import type { PendingNormalization } from '@pixcon/ops';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { applyUnit, beginUnit, type ConvolutionUnit, unitNode, unitParameters } from './layers.ts';

export type BlockKind = 'basic' | 'bottleneck';

/** Output channels per plane. */
export const expansion = { basic: 1, bottleneck: 4 } as const;

export interface ResidualBlockOptions {
  readonly kind: BlockKind;
  readonly input: number;
  readonly planes: number;
  readonly stride: number;
  /** Of the grid that the block reads. */
  readonly dilation: number;
  /** Of the grid that it writes: twice `dilation` where a stage dilates instead of striding. */
  readonly outputDilation: number;
}

export interface ResidualBlock extends Module<Tensor4D, Tensor4D> {
  /** Its operations at inference; the last puts out the block. Names begin with `prefix`. */
  graph(prefix: string, input: string): NetworkNode[];
}

/**
 * torchvision's `BasicBlock` (two 3×3) or `Bottleneck` (1×1, 3×3 with the stride, 1×1: "v1.5"), with a 1×1
 * projection where the shape changes.
 */
export function residualBlock(options: ResidualBlockOptions): ResidualBlock {
  const { kind, input, planes, stride, dilation, outputDilation } = options;
  const output = planes * expansion[kind];
  const unit = (
    index: number,
    size: number,
    from: number,
    to: number,
    step = 1,
    gap = dilation,
  ): ConvolutionUnit => ({
    convolution: `conv${index}`,
    normalization: `bn${index}`,
    size,
    input: from,
    output: to,
    stride: step,
    dilation: size > 1 ? gap : 1,
  });
  const units =
    kind === 'basic'
      ? [unit(1, 3, input, planes, stride), unit(2, 3, planes, planes, 1, outputDilation)]
      : [unit(1, 1, input, planes), unit(2, 3, planes, planes, stride), unit(3, 1, planes, output)];
  const projection: ConvolutionUnit | undefined =
    stride === 1 && input === output
      ? undefined
      : {
          convolution: 'downsample.0',
          normalization: 'downsample.1',
          size: 1,
          input,
          output,
          stride,
          dilation: 1,
        };
  const parameters: ParameterSpec[] = [...units, ...(projection ? [projection] : [])].flatMap(unitParameters);
  return {
    parameters,
    apply(values, x, mode) {
      const residual = projection ? applyUnit(projection, values, x, mode, { relu: false }) : x;
      const inner = units
        .slice(0, -1)
        .reduce<Tensor4D | PendingNormalization>((y, part) => beginUnit(part, values, y, mode), x);
      return applyUnit(units.at(-1) as ConvolutionUnit, values, inner, mode, { relu: true, residual });
    },
    graph(prefix, input) {
      const shortcut = projection ? [unitNode(projection, prefix, input, { relu: false })] : [];
      const residual = shortcut[0]?.name ?? input;
      let from = input;
      const nodes = units.map((part, index) => {
        const last = index === units.length - 1;
        const node = unitNode(part, prefix, from, last ? { relu: true, residual } : { relu: true });
        from = node.name;
        return node;
      });
      return [...shortcut, ...nodes];
    },
  };
}
