/** One operation of a network at inference, as data. `input` and `residual` name other nodes or the input. */
export type NetworkNode =
  | {
      /** A convolution without bias, batch normalization by the running statistics, then, where named, sum and ReLU. */
      readonly kind: 'convolution';
      readonly name: string;
      readonly input: string;
      /** Prefix of the parameter `weight`. */
      readonly convolution: string;
      /** Prefix of the parameters `weight` and `bias` and the buffers `running_mean` and `running_var`. */
      readonly normalization: string;
      readonly stride: number;
      /** Zeros on each of the four sides. */
      readonly padding: number;
      readonly dilation: number;
      readonly epsilon: number;
      readonly relu: boolean;
      /** Added before the ReLU. */
      readonly residual?: string;
    }
  | {
      readonly kind: 'max-pool';
      readonly name: string;
      /** Not negative, so that zeros pad like −∞. */
      readonly input: string;
      readonly size: number;
      readonly stride: number;
      readonly padding: number;
    };

/** A network as a list of operations, for exporters: what it computes, apart from how it is trained. */
export interface NetworkGraph {
  /** Name of the input, `[batch, height, width, 3]`, normalised. */
  readonly input: string;
  /** In an order in which each comes after what it reads. */
  readonly nodes: readonly NetworkNode[];
  /** The node that puts out each stage, by the stage's name, in order of depth. */
  readonly stages: Readonly<Record<string, string>>;
}
